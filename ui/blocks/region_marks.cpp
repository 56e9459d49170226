#include "ui/blocks/region_marks.h"

#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <array>

namespace facet::ui {
namespace {

constexpr double kLine = 2;
constexpr double kHalo = 4;  // beneath the line, so that it is seen on any picture
constexpr double kCorner = 3;
constexpr double kDot = 6;
constexpr double kTagHeight = 20;
constexpr double kTagPadding = 7;
constexpr double kWidestTag = 180;
// More words than these would hide the picture.
constexpr std::size_t kMostNamed = 12;

QColor halo_of(const Theme& theme) {
  return theme.is_dark() ? QColor(0, 0, 0, 150) : QColor(255, 255, 255, 190);
}

// Inside of the picture even where a box ends with it, and large enough to be seen.
QRectF outline(const QRectF& picture, const RegionMark& mark) {
  const QRectF place(picture.left() + mark.area.left() * picture.width(),
                     picture.top() + mark.area.top() * picture.height(), mark.area.width() * picture.width(),
                     mark.area.height() * picture.height());
  const double least = 2 * kCorner;
  QRectF box = place.adjusted(std::min(0.0, (place.width() - least) / 2), std::min(0.0, (place.height() - least) / 2),
                              std::max(0.0, (least - place.width()) / 2), std::max(0.0, (least - place.height()) / 2));
  const QRectF inner = picture.adjusted(kLine / 2, kLine / 2, -kLine / 2, -kLine / 2);
  return box.intersected(inner);
}

QPointF point_of(const QRectF& picture, const RegionMark& mark) {
  return {picture.left() + mark.area.left() * picture.width(), picture.top() + mark.area.top() * picture.height()};
}

void paint_shape(QPainter& painter, const QRectF& picture, const RegionMark& mark, const Theme& theme,
                 bool stands_out) {
  const QColor color = region_color(theme.colors(), mark.hue);
  const double line = stands_out ? kLine + 1 : kLine;
  if (mark.is_point) {
    painter.setPen(QPen(halo_of(theme), kHalo));
    painter.setBrush(color);
    painter.drawEllipse(point_of(picture, mark), stands_out ? kDot + 2 : kDot, stands_out ? kDot + 2 : kDot);
    painter.setPen(Qt::NoPen);
    painter.drawEllipse(point_of(picture, mark), kDot, kDot);
    return;
  }
  const QRectF box = outline(picture, mark);
  QColor tint = color;
  tint.setAlpha(stands_out ? 70 : 0);
  painter.setBrush(tint);
  painter.setPen(QPen(halo_of(theme), line + kHalo - kLine));
  painter.drawRoundedRect(box, kCorner, kCorner);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(color, line));
  painter.drawRoundedRect(box, kCorner, kCorner);
}

QString tag_text(const RegionMark& mark, bool with_label) {
  const QString number = QString::number(mark.number);
  return with_label && !mark.label.isEmpty() ? number + QStringLiteral("  ") + mark.label : number;
}

// Where the words may stand: above what they name, within it, below it, beside it.
std::array<QPointF, 5> tag_places(const QRectF& box, const QSizeF& tag, bool is_point) {
  const double side = is_point ? kDot + 4 : 0;
  return {QPointF(box.left() - kLine / 2 + side, is_point ? box.top() - tag.height() / 2 : box.top() - tag.height()),
          QPointF(box.left() + side, box.top()), QPointF(box.left() + side, box.bottom()),
          QPointF(box.right() - tag.width() - side, box.top() - tag.height()),
          QPointF(box.right() - tag.width() - side, box.bottom() - tag.height())};
}

// The first place that is inside of the picture and free; nothing where there is none.
QRectF find_place(const QRectF& picture, const QRectF& box, const QSizeF& tag, bool is_point,
                  const std::vector<QRectF>& taken) {
  for (const QPointF& place : tag_places(box, tag, is_point)) {
    const QRectF rect(place, tag);
    const bool is_free =
        std::none_of(taken.begin(), taken.end(), [&](const QRectF& other) { return other.intersects(rect); });
    if (is_free && picture.adjusted(-1, -1, 1, 1).contains(rect)) return rect;
  }
  return {};
}

void paint_tag(QPainter& painter, const QRectF& tag, const RegionMark& mark, const QString& text, const Theme& theme) {
  painter.setPen(Qt::NoPen);
  painter.setBrush(region_color(theme.colors(), mark.hue));
  painter.drawRoundedRect(tag, 4, 4);
  painter.setPen(theme.colors().on_accent);
  const QRectF inside = tag.adjusted(kTagPadding, 0, -kTagPadding + 1, 0);
  painter.drawText(inside, Qt::AlignVCenter | Qt::AlignLeft,
                   QFontMetricsF(painter.font()).elidedText(text, Qt::ElideRight, inside.width() + 1));
}

}  // namespace

QColor region_color(const Colors& colors, int hue) {
  const std::array<QColor, 6> hues = {colors.accent,    colors.code_number, colors.code_keyword,
                                      colors.code_type, colors.danger,      colors.success};
  return hues[static_cast<std::size_t>(std::max(hue, 0)) % hues.size()];
}

void paint_marks(QPainter& painter, const QRectF& picture, const std::vector<RegionMark>& marks, const Theme& theme,
                 int emphasised) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setClipRect(picture);
  QFont font = theme.font(Type::Caption);
  font.setWeight(QFont::DemiBold);
  painter.setFont(font);
  const QFontMetricsF metrics(font);
  // Large ones first, so that what lies within them stays visible; the one that stands out last.
  std::vector<const RegionMark*> order;
  for (const RegionMark& mark : marks)
    order.push_back(&mark);
  std::stable_sort(order.begin(), order.end(), [emphasised](const RegionMark* one, const RegionMark* other) {
    const auto size = [](const RegionMark* mark) { return mark->area.width() * mark->area.height(); };
    const bool is_last = other->number == emphasised && one->number != emphasised;
    return is_last || (one->number != emphasised && size(one) > size(other));
  });
  for (const RegionMark* mark : order)
    paint_shape(painter, picture, *mark, theme, mark->number == emphasised);
  std::vector<QRectF> taken;
  for (auto mark = order.rbegin(); mark != order.rend(); ++mark) {
    const RegionMark& each = **mark;
    const QRectF box = each.is_point ? QRectF(point_of(picture, each), QSizeF()) : outline(picture, each);
    for (const bool with_label : {marks.size() <= kMostNamed || each.number == emphasised, false}) {
      const QString text = tag_text(each, with_label);
      const double width = std::min(metrics.horizontalAdvance(text) + 2 * kTagPadding, kWidestTag);
      const QRectF tag = find_place(picture, box, {width, kTagHeight}, each.is_point, taken);
      if (tag.isEmpty()) continue;
      paint_tag(painter, tag, each, text, theme);
      taken.push_back(tag);
      break;
    }
  }
  painter.restore();
}

void paint_number(QPainter& painter, const QPointF& centre, const RegionMark& mark, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  QFont font = theme.font(Type::Caption);
  font.setWeight(QFont::DemiBold);
  painter.setFont(font);
  const QString text = QString::number(mark.number);
  const double width = std::max(kTagHeight, QFontMetricsF(font).horizontalAdvance(text) + 2 * kTagPadding - 2);
  const QRectF pill(centre.x() - width / 2, centre.y() - kTagHeight / 2, width, kTagHeight);
  painter.setPen(Qt::NoPen);
  painter.setBrush(region_color(theme.colors(), mark.hue));
  painter.drawRoundedRect(pill, kTagHeight / 2, kTagHeight / 2);
  painter.setPen(theme.colors().on_accent);
  painter.drawText(pill, Qt::AlignCenter, text);
  painter.restore();
}

}  // namespace facet::ui
