#include "ui/widgets/drop_overlay.h"

#include <QPainter>

namespace facet::ui {

DropOverlay::DropOverlay(const Theme& theme, Icon icon, const QString& text, QWidget* parent)
    : QWidget(parent), theme_(theme), icon_(icon), text_(text) {
  setAttribute(Qt::WA_TransparentForMouseEvents);
  setAccessibleName(text);
  hide();
}

void DropOverlay::paintEvent(QPaintEvent*) {
  const Colors& colors = theme_.colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  QColor veil = colors.canvas;
  veil.setAlphaF(0.88F);
  painter.fillRect(rect(), veil);
  painter.setPen(QPen(colors.accent, 2, Qt::DashLine));
  painter.setBrush(Qt::NoBrush);
  const QRectF frame = QRectF(rect()).adjusted(space::kLarge, space::kLarge, -space::kLarge, -space::kLarge);
  painter.drawRoundedRect(frame, radius::kLarge, radius::kLarge);
  theme_.paint_icon(painter, QRectF(frame.center().x() - 16, frame.center().y() - 44, 32, 32), icon_, colors.accent);
  painter.setFont(theme_.font(Type::Title));
  painter.setPen(colors.text);
  painter.drawText(frame.adjusted(space::kSmall, 16, -space::kSmall, 16), Qt::AlignCenter | Qt::TextWordWrap, text_);
}

}  // namespace facet::ui
