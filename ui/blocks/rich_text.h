#pragma once

#include <QTextBlockFormat>
#include <QTextCursor>

#include "ui/markdown/blocks.h"
#include "ui/theme.h"

// From blocks of Markdown to formats of a text document, in the type and the colours of the theme.
namespace facet::ui {

struct RichStyle {
  const Theme& theme;
  QColor ink;
};

QTextCharFormat body_format(const RichStyle& style);
QTextCharFormat heading_format(const RichStyle& style, int level);
void insert_spans(QTextCursor& cursor, const markdown::Spans& spans, const QTextCharFormat& base,
                  const RichStyle& style);

const markdown::Place& place_of(const markdown::Block& block);
// The format of the paragraph that shows `block`, which follows `before` (null for the first).
QTextBlockFormat block_format(const markdown::Block& block, const markdown::Block* before);

}  // namespace facet::ui
