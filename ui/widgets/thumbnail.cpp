#include "ui/widgets/thumbnail.h"

#include <QPainter>
#include <QPainterPath>
#include <algorithm>

#include "ui/pictures.h"

namespace facet::ui {

namespace {

// Screens with twice the pixels show them.
constexpr int kSharpness = 2;

}  // namespace

Thumbnail::Thumbnail(const Theme& theme, Icon icon, Pictures* pictures, QWidget* parent)
    : QAbstractButton(parent), theme_(theme), icon_(icon), pictures_(pictures) {
  setFocusPolicy(Qt::NoFocus);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  if (pictures == nullptr) return;
  connect(pictures, &Pictures::loaded, this, [this](const QString& path) {
    if (path == path_) refresh();
  });
}

void Thumbnail::show_file(const QString& path, QSize box) {
  path_ = path;
  box_ = box;
  // The place that it will take, so that nothing moves when it comes.
  shown_ = box;
  refresh();
}

void Thumbnail::refresh() {
  setFixedSize(shown_);
  update();
}

void Thumbnail::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
  const Colors& colors = theme_.colors();
  const QRectF area = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
  QPainterPath corners;
  corners.addRoundedRect(area, radius::kSmall, radius::kSmall);
  painter.fillPath(corners, colors.surface_sunken);
  const int side = std::max(box_.width(), box_.height()) * kSharpness;
  const QPixmap picture = pictures_ == nullptr ? QPixmap() : pictures_->find(path_, side);
  if (picture.isNull()) {
    const qreal symbol = std::min<qreal>(size::kIcon, std::min(area.width(), area.height()));
    const QRectF place(area.center() - QPointF(symbol, symbol) / 2, QSizeF(symbol, symbol));
    theme_.paint_icon(painter, place, icon_, colors.text_muted);
  } else {
    // Fills the box; what does not fit is cut off.
    QSizeF size = picture.size();
    size.scale(area.size(), Qt::KeepAspectRatioByExpanding);
    const QRectF place(area.center() - QPointF(size.width(), size.height()) / 2, size);
    painter.setClipPath(corners);
    painter.drawPixmap(place, picture, QRectF(picture.rect()));
    painter.setClipping(false);
  }
  painter.setPen(QPen(hasFocus() ? colors.accent : colors.border, hasFocus() ? 2 : 1));
  painter.drawPath(corners);
}

}  // namespace facet::ui
