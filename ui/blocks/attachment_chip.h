#pragma once

#include "ui/blocks/part_widget.h"

namespace facet::ui {

class ThemedLabel;

// A file that was sent with a message: its name and size.
class AttachmentChip : public PartWidget {
  Q_OBJECT

 public:
  explicit AttachmentChip(const BlockContext& context, QWidget* parent = nullptr);

  void set_part(const agent::Part& part, Growth growth) override;

 private:
  ThemedLabel* name_ = nullptr;
  ThemedLabel* size_ = nullptr;
};

}  // namespace facet::ui
