#pragma once

#include <vector>

#include "ui/blocks/part_widget.h"
#include "ui/markdown/blocks.h"

class QVBoxLayout;

namespace facet::ui {

// The text of an answer: runs of prose, code and tables, each a widget of its own. While the text grows only the last
// of them changes.
class MarkdownView : public PartWidget {
  Q_OBJECT

 public:
  explicit MarkdownView(const BlockContext& context, QWidget* parent = nullptr);

  void set_part(const agent::Part& part, Growth growth) override;

 private:
  enum class Kind { Prose, Code, Table };
  struct Segment {
    Kind kind = Kind::Prose;
    QWidget* widget = nullptr;
  };

  static Kind kind_of(const markdown::Block& block);
  QWidget* segment_widget(std::size_t index, Kind kind);

  BlockContext context_;
  QVBoxLayout* layout_ = nullptr;
  std::vector<Segment> segments_;
  std::string text_;
  Growth growth_ = Growth::Growing;
};

}  // namespace facet::ui
