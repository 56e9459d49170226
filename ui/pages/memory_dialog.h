#pragma once

class QWidget;

namespace facet::ui {

class Theme;
class WindowModel;

// What is remembered for later conversations: each entry with a button that deletes it, a search, and a button that
// deletes everything. Opens a dialog and returns.
void show_memory(const Theme& theme, WindowModel& model, QWidget* parent);

}  // namespace facet::ui
