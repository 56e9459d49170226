#include "ui/widgets/fold_header.h"

#include <QFocusEvent>
#include <QKeyEvent>
#include <QPainter>

#include "ui/widgets/buttons.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {
namespace {

constexpr int kHeight = 40;
constexpr int kInset = 12;

}  // namespace

FoldHeader::FoldHeader(const Theme& theme, QWidget* parent) : QAbstractButton(parent), theme_(theme) {
  setCheckable(true);
  setCursor(Qt::PointingHandCursor);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setFont(theme.font(Type::Small));
  spinner_ = new Spinner(theme, this);
  spinner_->hide();
}

void FoldHeader::set_line(const Line& line) {
  line_ = line;
  spinner_->setVisible(line.busy);
  QStringList spoken = {line.title, line.detail, line.status};
  spoken.removeAll(QString());
  setAccessibleName(spoken.join(QStringLiteral(", ")));
  setToolTip(line.detail);
  update();
}

QSize FoldHeader::sizeHint() const {
  return {240, std::max(kHeight, fontMetrics().height() + 20)};
}

void FoldHeader::resizeEvent(QResizeEvent*) {
  spinner_->setGeometry(width() - kInset - 2 * size::kIconSmall - 6, (height() - size::kIconSmall) / 2,
                        size::kIconSmall, size::kIconSmall);
}

void FoldHeader::focusInEvent(QFocusEvent* event) {
  focus_by_key_ = comes_by_key(*event);
  QAbstractButton::focusInEvent(event);
}

void FoldHeader::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
    click();
  } else {
    QAbstractButton::keyPressEvent(event);
  }
}

// From the right: the arrow, the symbol or spinner of the state, its words. Returns where the words begin.
int FoldHeader::paint_status(QPainter& painter, int right) const {
  const Colors& colors = theme_.colors();
  const int top = (height() - size::kIconSmall) / 2;
  right -= size::kIconSmall;
  theme_.paint_icon(painter, QRectF(right, top, size::kIconSmall, size::kIconSmall),
                    isChecked() ? Icon::ChevronDown : Icon::ChevronRight, colors.text_muted);
  if (line_.status_icon || line_.busy) right -= size::kIconSmall + 6;
  if (line_.status_icon) {
    theme_.paint_icon(painter, QRectF(right, top, size::kIconSmall, size::kIconSmall), *line_.status_icon,
                      colors.*line_.icon_role);
  }
  if (line_.status.isEmpty()) return right;
  const int width = fontMetrics().horizontalAdvance(line_.status) + 1;
  right -= width + 6;
  painter.setFont(font());
  painter.setPen(colors.*line_.status_role);
  painter.drawText(QRect(right, 0, width, height()), Qt::AlignVCenter | Qt::TextSingleLine, line_.status);
  return right;
}

void FoldHeader::paintEvent(QPaintEvent*) {
  const Colors& colors = theme_.colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  if (underMouse()) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(blend(colors.hover, colors.surface, 0.4));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), radius::kMedium - 1, radius::kMedium - 1);
  }
  const int top = (height() - size::kIconSmall) / 2;
  theme_.paint_icon(painter, QRectF(kInset, top, size::kIconSmall, size::kIconSmall), line_.icon, colors.text_muted);
  const int right = paint_status(painter, width() - kInset) - space::kMedium;

  int left = kInset + size::kIconSmall + space::kSmall;
  QFont strong = font();
  strong.setWeight(QFont::DemiBold);
  const QFontMetrics strong_metrics(strong);
  painter.setFont(strong);
  painter.setPen(colors.text);
  const QString title = strong_metrics.elidedText(line_.title, Qt::ElideRight, right - left);
  painter.drawText(QRect(left, 0, right - left, height()), Qt::AlignVCenter | Qt::TextSingleLine, title);
  left += strong_metrics.horizontalAdvance(title) + space::kSmall;
  if (right - left > 24) {
    painter.setFont(font());
    painter.setPen(colors.text_muted);
    painter.drawText(QRect(left, 0, right - left, height()), Qt::AlignVCenter | Qt::TextSingleLine,
                     fontMetrics().elidedText(line_.detail, Qt::ElideMiddle, right - left));
  }
  if (hasFocus() && focus_by_key_) {
    painter.setPen(QPen(colors.accent, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), radius::kMedium, radius::kMedium);
  }
}

}  // namespace facet::ui
