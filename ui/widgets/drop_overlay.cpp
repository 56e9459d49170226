#include "ui/widgets/drop_overlay.h"

#include <QPainter>

namespace facet::ui {

DropOverlay::DropOverlay(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setAttribute(Qt::WA_TransparentForMouseEvents);
  setAccessibleName(tr("Drop to attach"));
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
  theme_.paint_icon(painter, QRectF(frame.center().x() - 16, frame.center().y() - 44, 32, 32), Icon::Attach,
                    colors.accent);
  painter.setFont(theme_.font(Type::Title));
  painter.setPen(colors.text);
  painter.drawText(frame.adjusted(0, 16, 0, 16), Qt::AlignCenter,
                   tr("Drop files to attach them, folders to share them"));
}

}  // namespace facet::ui
