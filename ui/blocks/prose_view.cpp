#include "ui/blocks/prose_view.h"

#include <QTextBlock>
#include <QTextDocument>
#include <QTextTable>
#include <algorithm>

#include "ui/blocks/rich_text.h"

namespace facet::ui {
namespace {

bool has_link(const markdown::Block& block) {
  const auto linked = [](const markdown::Spans& spans) {
    return std::any_of(spans.begin(), spans.end(), [](const auto& span) { return !span.link.isEmpty(); });
  };
  if (const auto* paragraph = std::get_if<markdown::Paragraph>(&block)) return linked(paragraph->spans);
  if (const auto* heading = std::get_if<markdown::Heading>(&block)) return linked(heading->spans);
  return false;
}

RichStyle style_of(const Theme& theme, ProseView::Tone tone) {
  return {theme, tone == ProseView::Tone::Normal ? theme.colors().text : theme.colors().text_muted};
}

}  // namespace

ProseView::ProseView(const BlockContext& context, Tone tone, QWidget* parent)
    : DocumentView(context, parent), tone_(tone) {}

void ProseView::set_plain_text(const QString& text) {
  markdown::Span span;
  span.text = text;
  const std::vector<markdown::Block> one = {markdown::Paragraph{{}, {span}}};
  set_blocks(one);
}

void ProseView::set_blocks(std::span<const markdown::Block> blocks) {
  const auto [changed, ignored] = std::mismatch(shown_.begin(), shown_.end(), blocks.begin(), blocks.end());
  const auto kept = static_cast<std::size_t>(changed - shown_.begin());
  if (kept == shown_.size() && kept == blocks.size()) return;

  QTextCursor cursor(document());
  cursor.beginEditBlock();
  if (kept == 0) {
    cursor.select(QTextCursor::Document);
  } else if (kept < shown_.size()) {
    // With the paragraph separator before it.
    cursor.setPosition(starts_[kept] - 1);
    cursor.movePosition(QTextCursor::End, QTextCursor::KeepAnchor);
  }
  cursor.removeSelectedText();
  shown_.resize(kept);
  starts_.resize(kept);
  cursor.movePosition(QTextCursor::End);
  // What was removed leaves its format behind in the paragraph before it.
  if (kept > 0) cursor.setBlockFormat(block_format(shown_.back(), kept > 1 ? &shown_[kept - 2] : nullptr));
  for (const markdown::Block& block : blocks.subspan(kept))
    append_block(cursor, block);
  cursor.endEditBlock();

  // A text is a stop for the tabulator only if it has links to stop at.
  const bool reachable = std::any_of(shown_.begin(), shown_.end(), has_link);
  setFocusPolicy(reachable ? Qt::StrongFocus : Qt::ClickFocus);
  content_changed();
}

void ProseView::append_block(QTextCursor& cursor, const markdown::Block& block) {
  const markdown::Block* before = shown_.empty() ? nullptr : &shown_.back();
  const RichStyle style = style_of(context().theme, tone_);
  const QTextBlockFormat format = block_format(block, before);
  const QTextCharFormat base = body_format(style);
  if (before == nullptr) {
    cursor.setBlockFormat(format);
    cursor.setBlockCharFormat(base);
  } else {
    cursor.insertBlock(format, base);
  }
  starts_.push_back(cursor.position());
  if (const QString& marker = place_of(block).marker; !marker.isEmpty()) {
    QTextCharFormat muted = base;
    muted.setForeground(context().theme.colors().text_muted);
    cursor.insertText(marker + '\t', muted);
  }
  if (const auto* paragraph = std::get_if<markdown::Paragraph>(&block)) {
    insert_spans(cursor, paragraph->spans, base, style);
  } else if (const auto* heading = std::get_if<markdown::Heading>(&block)) {
    insert_spans(cursor, heading->spans, heading_format(style, heading->level), style);
  }
  shown_.push_back(block);
}

TableView::TableView(const BlockContext& context, QWidget* parent) : DocumentView(context, parent) {}

void TableView::set_table(const markdown::Table& table) {
  if (table == shown_ || table.rows.empty()) return;
  shown_ = table;
  clear();
  const Theme& theme = context().theme;
  const RichStyle style{theme, theme.colors().text};
  const int columns = std::max<int>(1, static_cast<int>(table.columns.size()));
  QTextTableFormat format;
  format.setBorder(0);
  format.setCellPadding(0);
  format.setCellSpacing(0);
  format.setBorderCollapse(true);
  format.setHeaderRowCount(1);
  QTextCursor cursor(document());
  cursor.beginEditBlock();
  QTextTable* grid = cursor.insertTable(static_cast<int>(table.rows.size()), columns, format);
  for (int row = 0; row < grid->rows(); ++row) {
    const auto& cells = table.rows[static_cast<std::size_t>(row)];
    for (int column = 0; column < columns; ++column) {
      QTextTableCellFormat cell_format;
      cell_format.setTopPadding(6);
      cell_format.setBottomPadding(6);
      cell_format.setRightPadding(space::kLarge);
      cell_format.setBottomBorder(row == 0 ? 1 : row + 1 < grid->rows() ? 1 : 0);
      cell_format.setBottomBorderStyle(QTextFrameFormat::BorderStyle_Solid);
      cell_format.setBottomBorderBrush(row == 0 ? theme.colors().border_strong : theme.colors().border);
      QTextTableCell cell = grid->cellAt(row, column);
      cell.setFormat(cell_format);
      if (static_cast<std::size_t>(column) >= cells.size()) continue;
      QTextCursor inside = cell.firstCursorPosition();
      QTextBlockFormat block;
      const markdown::Align align = table.columns[static_cast<std::size_t>(column)];
      block.setAlignment(align == markdown::Align::Center ? Qt::AlignHCenter
                         : align == markdown::Align::End  ? Qt::AlignRight
                                                          : Qt::AlignLeft);
      inside.setBlockFormat(block);
      insert_spans(inside, cells[static_cast<std::size_t>(column)],
                   row == 0 ? heading_format(style, 6) : body_format(style), style);
    }
  }
  cursor.endEditBlock();
  content_changed();
}

}  // namespace facet::ui
