#pragma once

#include <functional>

#include "ui/widgets/buttons.h"

namespace facet::ui {

// Copies what `content` gives to the clipboard, and says for a moment that it has.
class CopyButton : public IconButton {
  Q_OBJECT

 public:
  CopyButton(const Theme& theme, const QString& name, std::function<QString()> content, QWidget* parent = nullptr);

 private:
  void copy();

  std::function<QString()> content_;
};

}  // namespace facet::ui
