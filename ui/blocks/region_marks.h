#pragma once

#include <QRectF>
#include <QString>
#include <vector>

#include "ui/theme.h"

class QPainter;

namespace facet::ui {

// A place in a picture, as it is drawn on it.
struct RegionMark {
  QRectF area;  // in parts of the picture, from 0 to 1; of a point without extent
  bool is_point = false;
  int number = 1;
  QString label;
  int hue = 0;  // those that are called alike look alike
};

// Colours that can be told apart, and are read on the theme's ground as on a picture.
QColor region_color(const Colors& colors, int hue);

// Draws all marks on a picture that lies in `picture`; the one with the number `emphasised` stands out.
void paint_marks(QPainter& painter, const QRectF& picture, const std::vector<RegionMark>& marks, const Theme& theme,
                 int emphasised = 0);

// The number of a mark in its colour, in a circle around `centre`.
void paint_number(QPainter& painter, const QPointF& centre, const RegionMark& mark, const Theme& theme);

}  // namespace facet::ui
