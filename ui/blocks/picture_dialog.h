#pragma once

#include <QSize>
#include <QString>

class QWidget;

namespace facet::ui {

class Pictures;

// Shows a picture until it is closed, in its own size or, where that is larger than the screen, in what fits there.
void show_picture(const QString& name, const QString& path, QSize whole, Pictures& pictures, QWidget* parent);

}  // namespace facet::ui
