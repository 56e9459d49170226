#pragma once

class QWidget;

namespace facet::ui {

class Theme;
class WindowModel;

// What has been allowed for good: each permission with a button that takes it back. Opens a dialog and returns.
void show_permissions(const Theme& theme, WindowModel& model, QWidget* parent);

}  // namespace facet::ui
