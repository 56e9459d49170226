#pragma once

#include <QSize>
#include <QString>
#include <functional>

class QPainter;
class QRectF;
class QWidget;

namespace facet::ui {

class Pictures;

// Shows a picture until it is closed, in its own size or, where that is larger than the screen, in what fits there.
// `paint_over` draws on it, in the rectangle that it takes.
void show_picture(const QString& name, const QString& path, QSize whole, Pictures& pictures, QWidget* parent,
                  std::function<void(QPainter&, const QRectF&)> paint_over = {});

}  // namespace facet::ui
