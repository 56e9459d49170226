#pragma once

#include "ui/widgets/buttons.h"

namespace facet::ui {

// Whether the model thinks before it answers, and how much.
class ThinkingButton : public TextButton {
  Q_OBJECT

 public:
  explicit ThinkingButton(const Theme& theme, QWidget* parent = nullptr);

  // Tokens at most; 0: it does not think.
  void set_thinking(qint64 tokens);
  qint64 thinking() const { return tokens_; }

 signals:
  void thinkingChosen(qint64 tokens);

 private:
  void open_menu();

  qint64 tokens_ = 0;
};

}  // namespace facet::ui
