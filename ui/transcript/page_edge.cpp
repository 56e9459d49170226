#include "ui/transcript/page_edge.h"

#include <QLinearGradient>
#include <QPainter>

namespace facet::ui {
namespace {

constexpr int kFade = 28;

}  // namespace

PageEdge::PageEdge(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setAttribute(Qt::WA_TransparentForMouseEvents);
}

void PageEdge::set_cut(bool above, bool below) {
  if (above_ == above && below_ == below) return;
  above_ = above;
  below_ = below;
  update();
}

void PageEdge::set_focused(bool focused) {
  focused_ = focused;
  update();
}

void PageEdge::paintEvent(QPaintEvent*) {
  const Colors& colors = theme_.colors();
  QPainter painter(this);
  if (above_) painter.fillRect(0, 0, width(), 1, colors.border);
  if (focused_) {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(colors.accent, 2));
    painter.drawRoundedRect(QRectF(rect()).adjusted(3, 3, -3, -3), radius::kMedium, radius::kMedium);
  }
  if (!below_) return;
  QLinearGradient fade(0, height() - kFade, 0, height());
  QColor clear = colors.canvas;
  clear.setAlpha(0);
  fade.setColorAt(0, clear);
  fade.setColorAt(1, colors.canvas);
  painter.fillRect(0, height() - kFade, width(), kFade, fade);
}

}  // namespace facet::ui
