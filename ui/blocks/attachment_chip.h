#pragma once

#include "ui/blocks/part_widget.h"

namespace facet::ui {

class IconView;
class ThemedLabel;
class Thumbnail;

// A file that was sent with a message: its name and size, and where it is a picture or a video, the picture, which
// opens a larger one.
class AttachmentChip : public PartWidget {
  Q_OBJECT

 public:
  explicit AttachmentChip(const BlockContext& context, QWidget* parent = nullptr);

  void set_part(const agent::Part& part, Growth growth) override;

 private:
  void show_thumbnail(const agent::AttachmentPart& file);

  const BlockContext& context_;
  QLayout* column_ = nullptr;
  IconView* icon_ = nullptr;
  ThemedLabel* name_ = nullptr;
  ThemedLabel* size_ = nullptr;
  Thumbnail* thumbnail_ = nullptr;
};

}  // namespace facet::ui
