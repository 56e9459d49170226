#include "ui/widgets/small_widgets.h"

#include <QHelpEvent>
#include <QPainter>
#include <QStyle>
#include <QToolTip>
#include <algorithm>

namespace facet::ui {
namespace {

// Which of the two roles a label paints with depends on what it lies in.
void set_ink(QWidget& widget, const QColor& color) {
  QPalette palette = widget.palette();
  palette.setColor(QPalette::WindowText, color);
  palette.setColor(QPalette::Text, color);
  widget.setPalette(palette);
}

}  // namespace

ElidedLabel::ElidedLabel(QWidget* parent) : QLabel(parent) {
  setTextFormat(Qt::PlainText);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void ElidedLabel::set_full_text(const QString& text) {
  if (text == QLabel::text()) return;
  setText(text);
  setAccessibleName(text);
}

void ElidedLabel::set_elide_mode(Qt::TextElideMode mode) {
  mode_ = mode;
  update();
}

QSize ElidedLabel::sizeHint() const {
  const QMargins margins = contentsMargins();
  return {fontMetrics().horizontalAdvance(text()) + 2 + margins.left() + margins.right(),
          fontMetrics().height() + margins.top() + margins.bottom()};
}

QSize ElidedLabel::minimumSizeHint() const {
  return {std::min(sizeHint().width(), 40), sizeHint().height()};
}

void ElidedLabel::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setPen(palette().color(QPalette::WindowText));
  const QRect inner = contentsRect();
  const QString shown = fontMetrics().elidedText(text(), mode_, inner.width());
  const int align = static_cast<int>(QStyle::visualAlignment(layoutDirection(), alignment()));
  painter.drawText(inner, align | Qt::TextSingleLine, shown);
}

// The whole text where it is cut and nothing better was said.
bool ElidedLabel::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip && toolTip().isEmpty() && sizeHint().width() > width()) {
    QToolTip::showText(static_cast<QHelpEvent*>(event)->globalPos(), text(), this);
    return true;
  }
  return QLabel::event(event);
}

ThemedLabel::ThemedLabel(const Theme& theme, Type type, QColor Colors::*role, QWidget* parent)
    : ElidedLabel(parent), theme_(theme), role_(role) {
  setFont(theme.font(type));
  refresh();
  connect(&theme, &Theme::changed, this, &ThemedLabel::refresh);
}

void ThemedLabel::set_role(QColor Colors::*role) {
  role_ = role;
  refresh();
}

void ThemedLabel::refresh() {
  set_ink(*this, theme_.colors().*role_);
}

ThemedText::ThemedText(const Theme& theme, Type type, QColor Colors::*role, QWidget* parent)
    : QLabel(parent), theme_(theme), role_(role) {
  setFont(theme.font(type));
  setTextFormat(Qt::PlainText);
  setWordWrap(true);
  refresh();
  connect(&theme, &Theme::changed, this, &ThemedText::refresh);
}

void ThemedText::refresh() {
  set_ink(*this, theme_.colors().*role_);
}

Spinner::Spinner(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setAccessibleName(tr("Working"));
  timer_.setInterval(50);
  connect(&timer_, &QTimer::timeout, this, [this] {
    angle_ = (angle_ + 24) % 360;
    update();
  });
}

void Spinner::showEvent(QShowEvent*) {
  timer_.start();
}

void Spinner::hideEvent(QHideEvent*) {
  timer_.stop();
}

void Spinner::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF box = QRectF(rect()).adjusted(2, 2, -2, -2);
  painter.setPen(QPen(theme_.colors().border, 2));
  painter.drawEllipse(box);
  QPen arc(theme_.colors().accent, 2);
  arc.setCapStyle(Qt::RoundCap);
  painter.setPen(arc);
  painter.drawArc(box, -angle_ * 16, 100 * 16);
}

IconView::IconView(const Theme& theme, Icon icon, QColor Colors::*role, int pixels, QWidget* parent)
    : QWidget(parent), theme_(theme), icon_(icon), role_(role), pixels_(pixels) {
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

void IconView::set_icon(Icon icon, QColor Colors::*role) {
  icon_ = icon;
  role_ = role;
  update();
}

void IconView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const double left = (width() - pixels_) / 2.0;
  const double top = (height() - pixels_) / 2.0;
  theme_.paint_icon(painter, QRectF(left, top, pixels_, pixels_), icon_, theme_.colors().*role_);
}

Card::Card(const Theme& theme, QColor Colors::*fill, QColor Colors::*edge, int corner, QWidget* parent)
    : QWidget(parent), theme_(theme), fill_(fill), edge_(edge), corner_(corner) {}

void Card::set_colors(QColor Colors::*fill, QColor Colors::*edge) {
  fill_ = fill;
  edge_ = edge;
  update();
}

void Card::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(theme_.colors().*edge_, 1));
  painter.setBrush(theme_.colors().*fill_);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), corner_, corner_);
}

}  // namespace facet::ui
