#include "ui/blocks/region_picture.h"

#include <QFocusEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>

#include "ui/pictures.h"
#include "ui/widgets/buttons.h"

namespace facet::ui {
namespace {

// Screens with twice the pixels show them.
constexpr int kSharpness = 2;
constexpr int kHighest = 460;
// A smaller picture is enlarged to this, so that its marks do not lie on each other.
constexpr int kLeastSide = 360;
constexpr int kRowHeight = 28;
constexpr int kNumberRoom = 44;

}  // namespace

RegionPicture::RegionPicture(const Theme& theme, Pictures& pictures, QWidget* parent)
    : QAbstractButton(parent), theme_(theme), pictures_(pictures) {
  setFocusPolicy(Qt::TabFocus);
  setCursor(Qt::PointingHandCursor);
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  connect(&pictures, &Pictures::loaded, this, [this](const QString& path) {
    if (path == path_) update();
  });
}

void RegionPicture::show_picture(const QString& path, QSize whole) {
  if (path == path_ && whole == whole_) return;
  path_ = path;
  whole_ = whole;
  updateGeometry();
  update();
}

void RegionPicture::set_marks(std::vector<RegionMark> marks) {
  marks_ = std::move(marks);
  update();
}

void RegionPicture::set_emphasised(int number) {
  if (emphasised_ == number) return;
  emphasised_ = number;
  update();
}

QSize RegionPicture::picture_size(int width) const {
  if (whole_.isEmpty()) return {width, 0};
  const QSize most(std::max(width, 1), kHighest);
  QSize size = whole_.scaled(most, Qt::KeepAspectRatio);
  const QSize least = whole_.scaled(kLeastSide, kLeastSide, Qt::KeepAspectRatio).boundedTo(size);
  if (whole_.width() < size.width()) size = whole_.expandedTo(least);
  return size.expandedTo(QSize(1, 1));
}

QSize RegionPicture::sizeHint() const {
  return picture_size(size::kColumn);
}

bool RegionPicture::hitButton(const QPoint& place) const {
  return QRect(QPoint(), picture_size(width())).contains(place);
}

void RegionPicture::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
  const Colors& colors = theme_.colors();
  const QRectF area(QPointF(), picture_size(width()));
  QPainterPath corners;
  corners.addRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), radius::kSmall, radius::kSmall);
  painter.fillPath(corners, colors.surface_sunken);
  const int side = static_cast<int>(std::max(area.width(), area.height())) * kSharpness;
  const QPixmap picture = pictures_.find(path_, side);
  if (picture.isNull()) {
    const QSizeF symbol(size::kIcon, size::kIcon);
    theme_.paint_icon(painter, QRectF(area.center() - QPointF(symbol.width(), symbol.height()) / 2, symbol),
                      Icon::Picture, colors.text_muted);
  } else {
    painter.save();
    painter.setClipPath(corners);
    painter.drawPixmap(area, picture, QRectF(picture.rect()));
    painter.restore();
  }
  painter.setPen(QPen(hasFocus() ? colors.accent : colors.border, hasFocus() ? 2 : 1));
  painter.drawPath(corners);
  paint_marks(painter, area, marks_, theme_, emphasised_);
}

RegionRow::RegionRow(const Theme& theme, const RegionMark& mark, const QString& place, QWidget* parent)
    : QAbstractButton(parent), theme_(theme), mark_(mark), place_(place) {
  // Who clicks on it sees it stand out until something else is clicked on.
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  const QString what = mark.label.isEmpty() ? place : mark.label + QStringLiteral(", ") + place;
  setAccessibleName(QStringLiteral("%1: %2").arg(mark.number).arg(what));
  setToolTip(what);
}

QSize RegionRow::sizeHint() const {
  return {320, kRowHeight};
}

void RegionRow::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = theme_.colors();
  if (underMouse() || hasFocus()) {
    painter.setBrush(colors.hover);
    painter.setPen(hasFocus() && focus_by_key_ ? QPen(colors.accent, 2) : QPen(Qt::NoPen));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), radius::kSmall, radius::kSmall);
  }
  paint_number(painter, QPointF(kNumberRoom / 2.0 - 2, height() / 2.0), mark_, theme_);
  painter.setFont(theme_.font(Type::Caption));
  painter.setPen(colors.text_muted);
  const int room = painter.fontMetrics().horizontalAdvance(place_);
  const QRect words = rect().adjusted(kNumberRoom, 0, -space::kSmall, 0);
  painter.drawText(words, Qt::AlignVCenter | (mark_.label.isEmpty() ? Qt::AlignLeft : Qt::AlignRight), place_);
  painter.setFont(theme_.font(Type::Small));
  painter.setPen(colors.text);
  const QRect left = words.adjusted(0, 0, -room - space::kMedium, 0);
  painter.drawText(left, Qt::AlignVCenter | Qt::AlignLeft,
                   painter.fontMetrics().elidedText(mark_.label, Qt::ElideRight, left.width()));
}

void RegionRow::enterEvent(QEnterEvent*) {
  emit pointedAt(mark_.number);
  update();
}

void RegionRow::leaveEvent(QEvent*) {
  emit pointedAt(0);
  update();
}

void RegionRow::focusInEvent(QFocusEvent* event) {
  focus_by_key_ = comes_by_key(*event);
  emit pointedAt(mark_.number);
  QAbstractButton::focusInEvent(event);
}

void RegionRow::focusOutEvent(QFocusEvent* event) {
  emit pointedAt(0);
  QAbstractButton::focusOutEvent(event);
}

}  // namespace facet::ui
