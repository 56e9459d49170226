#pragma once

#include <QString>

class QWidget;

namespace facet::ui {

class Pictures;

// Shows a picture as large as the screen allows, until it is closed.
void show_picture(const QString& name, const QString& path, Pictures& pictures, QWidget* parent);

}  // namespace facet::ui
