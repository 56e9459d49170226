#include "ui/widgets/suggestion_button.h"

#include <QFocusEvent>
#include <QKeyEvent>
#include <QPainter>

#include "ui/widgets/buttons.h"

namespace facet::ui {

SuggestionButton::SuggestionButton(const Theme& theme, Icon icon, const QString& title, const QString& detail,
                                   QWidget* parent)
    : QAbstractButton(parent), theme_(theme), icon_(icon), detail_(detail) {
  setText(title);
  setAccessibleName(title);
  setAccessibleDescription(detail);
  setToolTip(detail);
  setCursor(Qt::PointingHandCursor);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize SuggestionButton::sizeHint() const {
  const int lines =
      QFontMetrics(theme_.font(Type::Small)).lineSpacing() + QFontMetrics(theme_.font(Type::Caption)).lineSpacing();
  return {260, lines + 2 * space::kLarge};
}

void SuggestionButton::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
    click();
  } else {
    QAbstractButton::keyPressEvent(event);
  }
}

void SuggestionButton::focusInEvent(QFocusEvent* event) {
  focus_by_key_ = comes_by_key(*event);
  QAbstractButton::focusInEvent(event);
}

void SuggestionButton::paintEvent(QPaintEvent*) {
  const Colors& colors = theme_.colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen((hasFocus() && focus_by_key_) ? QPen(colors.accent, 2)
                                               : QPen(underMouse() ? colors.border_strong : colors.border, 1));
  painter.setBrush(isDown() ? colors.selected : underMouse() ? colors.surface_sunken : colors.surface);
  const double inset = (hasFocus() && focus_by_key_) ? 1 : 0.5;
  painter.drawRoundedRect(QRectF(rect()).adjusted(inset, inset, -inset, -inset), radius::kLarge, radius::kLarge);

  theme_.paint_icon(painter, QRectF(space::kLarge, space::kLarge + 1, size::kIcon, size::kIcon), icon_, colors.accent);
  const int left = space::kLarge + size::kIcon + space::kMedium;
  const int room = width() - left - space::kLarge;
  painter.setFont(theme_.font(Type::Small));
  painter.setPen(colors.text);
  const QFontMetrics title_metrics(painter.font());
  painter.drawText(QRect(left, space::kLarge, room, title_metrics.lineSpacing()), Qt::AlignLeft | Qt::AlignVCenter,
                   title_metrics.elidedText(text(), Qt::ElideRight, room));
  painter.setFont(theme_.font(Type::Caption));
  painter.setPen(colors.text_muted);
  const QFontMetrics metrics(painter.font());
  painter.drawText(QRect(left, space::kLarge + title_metrics.lineSpacing(), room, metrics.lineSpacing()),
                   Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(detail_, Qt::ElideRight, room));
}

}  // namespace facet::ui
