#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "agent/regions.h"
#include "ui/blocks/part_widget.h"
#include "ui/markdown/blocks.h"

class QVBoxLayout;

namespace facet::ui {

// The text of an answer: runs of prose, code and tables, and places in the pictures of the question, each a widget of
// its own. While the text grows only the last of them changes.
class MarkdownView : public PartWidget {
  Q_OBJECT

 public:
  explicit MarkdownView(const BlockContext& context, QWidget* parent = nullptr);

  void set_part(const agent::Part& part, Growth growth) override;

 private:
  enum class Kind { Prose, Code, Table, Regions };
  struct Segment {
    Kind kind = Kind::Prose;
    QWidget* widget = nullptr;
  };

  static Kind kind_of(const markdown::Block& block);
  QWidget* segment_widget(std::size_t index, Kind kind);
  // Show a stretch of the text from the given segment on, and give back the one behind it.
  std::size_t show_markdown(std::string_view text, Growth growth, std::size_t segment);
  std::size_t show_regions(const agent::RegionText& stretch, std::size_t ordinal,
                           const std::vector<agent::AttachmentPart>& files, std::size_t segment);

  BlockContext context_;
  QVBoxLayout* layout_ = nullptr;
  std::vector<Segment> segments_;
  std::string text_;
  Growth growth_ = Growth::Growing;
};

}  // namespace facet::ui
