#pragma once

#include <string>
#include <vector>

#include "agent/region_places.h"
#include "agent/regions.h"
#include "ui/blocks/block_context.h"
#include "ui/blocks/region_marks.h"
#include "ui/widgets/small_widgets.h"

class QVBoxLayout;

namespace facet::ui {

class CodeView;
class IconButton;
class RegionPicture;
class TextButton;

// Places that an answer names, drawn on the pictures of the question: the pictures with their marks, beneath them what
// each mark is, and on request the words that the model wrote. Where the answer does not say which picture it means,
// that is said, and another can be chosen.
class RegionsView : public Card {
  Q_OBJECT

 public:
  explicit RegionsView(const BlockContext& context, QWidget* parent = nullptr);

  struct Content {
    agent::RegionText stretch;
    std::string source;                        // what the model wrote
    std::vector<agent::AttachmentPart> files;  // of the question; at least one is a picture
    agent::RegionFrame unnamed;                // what places are meant in that do not say it
  };
  void set_content(const Content& content);

  // Nothing is drawn without pictures, or without somebody who decodes them.
  static bool can_show(const BlockContext& context, const std::vector<agent::AttachmentPart>& files);

 private:
  struct Sheet {
    std::size_t file = 0;
    RegionPicture* picture = nullptr;
    std::vector<RegionMark> marks;
  };

  void build_head();
  void refresh();
  void show_sheets(const std::vector<agent::PlacedRegion>& placed);
  void show_rows(const std::vector<agent::PlacedRegion>& placed);
  void show_remark(const std::vector<agent::PlacedRegion>& placed);
  void choose_frame();
  void show_source(bool shown);
  void enlarge(const Sheet& sheet) const;
  QString frame_name(const agent::RegionFrame& frame) const;
  QString title() const;

  BlockContext context_;
  Content content_;
  std::vector<agent::PlacedRegion> placed_;
  std::vector<RegionMark> marks_;  // one for each place
  std::vector<Sheet> sheets_;
  bool was_chosen_ = false;
  bool shows_all_ = false;
  ThemedLabel* title_ = nullptr;
  IconButton* source_button_ = nullptr;
  QVBoxLayout* body_ = nullptr;
  QVBoxLayout* pictures_column_ = nullptr;
  QWidget* rows_ = nullptr;
  TextButton* more_ = nullptr;
  ThemedText* remark_ = nullptr;
  TextButton* frame_button_ = nullptr;
  CodeView* source_ = nullptr;
};

}  // namespace facet::ui
