#pragma once

#include "ui/blocks/part_widget.h"

namespace facet::ui {

class FoldHeader;
class ProseView;

// What the model thought before it answered; folded until the user is curious.
class ThoughtView : public PartWidget {
  Q_OBJECT

 public:
  explicit ThoughtView(const BlockContext& context, QWidget* parent = nullptr);

  void set_part(const agent::Part& part, Growth growth) override;

 private:
  void show_body();

  BlockContext context_;
  FoldHeader* header_ = nullptr;
  QWidget* body_ = nullptr;
  ProseView* text_ = nullptr;
  agent::PartId part_ = 0;
  std::string thought_;
};

}  // namespace facet::ui
