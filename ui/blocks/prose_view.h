#pragma once

#include <span>
#include <vector>

#include "ui/blocks/document_view.h"
#include "ui/markdown/blocks.h"

namespace facet::ui {

// A run of paragraphs, headings, list items, quotes and rules in one selectable text. When the text grows, only what
// follows the last unchanged block is rendered and laid out again.
class ProseView : public DocumentView {
  Q_OBJECT

 public:
  enum class Tone { Normal, Muted };

  explicit ProseView(const BlockContext& context, Tone tone = Tone::Normal, QWidget* parent = nullptr);

  // Code and tables do not belong in here.
  void set_blocks(std::span<const markdown::Block> blocks);
  // Text as it is, without Markdown.
  void set_plain_text(const QString& text);

 private:
  void append_block(QTextCursor& cursor, const markdown::Block& block);

  Tone tone_;
  std::vector<markdown::Block> shown_;
  std::vector<int> starts_;  // position in the document of each shown block
};

// A table of an answer: hairlines between the rows, no grid.
class TableView : public DocumentView {
  Q_OBJECT

 public:
  explicit TableView(const BlockContext& context, QWidget* parent = nullptr);

  void set_table(const markdown::Table& table);

 private:
  markdown::Table shown_;
};

}  // namespace facet::ui
