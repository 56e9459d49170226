#pragma once

#include <QSettings>

namespace facet::ui {

// What the window remembers: one small file beside the user's other configuration.
inline QSettings window_settings() {
  return QSettings(QSettings::IniFormat, QSettings::UserScope, QStringLiteral("facet"), QStringLiteral("window"));
}

}  // namespace facet::ui
