#pragma once

#include "ui/blocks/part_widget.h"

namespace facet::ui {

class Card;
class IconView;
class ThemedText;

// What the user should know about the answer: it was cut short, a file could not be read.
class NoticeView : public PartWidget {
  Q_OBJECT

 public:
  explicit NoticeView(const BlockContext& context, QWidget* parent = nullptr);

  void set_part(const agent::Part& part, Growth growth) override;

 private:
  Card* card_ = nullptr;
  IconView* icon_ = nullptr;
  ThemedText* text_ = nullptr;
};

}  // namespace facet::ui
