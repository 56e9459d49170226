#pragma once

#include "ui/blocks/block_context.h"
#include "ui/markdown/blocks.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {

class MonoView;

// A fenced block: the language, a button that copies, and the code in colours.
class CodeView : public Card {
  Q_OBJECT

 public:
  explicit CodeView(const BlockContext& context, QWidget* parent = nullptr);

  void set_code(const markdown::Code& code);

 private:
  ThemedLabel* language_ = nullptr;
  MonoView* text_ = nullptr;
  QString code_;
};

}  // namespace facet::ui
