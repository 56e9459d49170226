#include "ui/blocks/rich_text.h"

#include <QTextOption>

#include "ui/blocks/document_view.h"

namespace facet::ui {
namespace {

constexpr int kListIndent = 24;
constexpr int kQuoteIndent = 16;
constexpr int kLineHeightPercent = 130;
constexpr int kHeadingLineHeightPercent = 115;

int gap_between(const markdown::Block& before, const markdown::Block& block) {
  if (const auto* heading = std::get_if<markdown::Heading>(&block)) return heading->level <= 2 ? 20 : 16;
  if (std::holds_alternative<markdown::Heading>(before)) return space::kSmall;
  const markdown::Place& place = place_of(block);
  const bool both_in_list = !place.containers.empty() && !place_of(before).containers.empty();
  if (both_in_list && place.tight && !place.marker.isEmpty()) return 2;
  return space::kSmall;
}

QString shown_text(const markdown::Span& span) {
  QString text = span.text;
  text.replace('\n', QChar::LineSeparator);
  return text;
}

}  // namespace

QTextCharFormat body_format(const RichStyle& style) {
  QTextCharFormat format;
  format.setFont(style.theme.font(Type::Body));
  format.setForeground(style.ink);
  return format;
}

QTextCharFormat heading_format(const RichStyle& style, int level) {
  static constexpr double kExtraPoints[] = {6, 4, 2, 1, 0, 0};
  QFont font = style.theme.font(Type::Strong);
  font.setPointSizeF(font.pointSizeF() + kExtraPoints[std::clamp(level, 1, 6) - 1]);
  QTextCharFormat format;
  format.setFont(font);
  format.setForeground(style.ink);
  return format;
}

void insert_spans(QTextCursor& cursor, const markdown::Spans& spans, const QTextCharFormat& base,
                  const RichStyle& style) {
  for (const markdown::Span& span : spans) {
    QTextCharFormat format = base;
    if (span.code) {
      QFont mono = style.theme.font(Type::Mono);
      mono.setPointSizeF(base.font().pointSizeF() - 0.75);
      format.setFont(mono);
      format.setProperty(DocumentView::kInlineCode, true);
    }
    if (span.bold) format.setFontWeight(QFont::DemiBold);
    if (span.italic) format.setFontItalic(true);
    if (span.strike) format.setFontStrikeOut(true);
    if (!span.link.isEmpty()) {
      format.setAnchor(true);
      format.setAnchorHref(span.link);
      format.setToolTip(span.link);
      format.setForeground(style.theme.colors().accent);
      format.setFontUnderline(true);
    }
    cursor.insertText(shown_text(span), format);
  }
}

const markdown::Place& place_of(const markdown::Block& block) {
  return std::visit([](const auto& kind) -> const markdown::Place& { return kind.place; }, block);
}

QTextBlockFormat block_format(const markdown::Block& block, const markdown::Block* before) {
  const markdown::Place& place = place_of(block);
  QTextBlockFormat format;
  const bool is_heading = std::holds_alternative<markdown::Heading>(block);
  format.setLineHeight(is_heading ? kHeadingLineHeightPercent : kLineHeightPercent,
                       QTextBlockFormat::ProportionalHeight);
  if (before != nullptr) format.setTopMargin(gap_between(*before, block));

  int margin = 0;
  QVariantList bars;
  for (const markdown::Container container : place.containers) {
    if (container == markdown::Container::Quote) bars << margin;
    margin += container == markdown::Container::Quote ? kQuoteIndent : kListIndent;
  }
  format.setLeftMargin(margin);
  if (!bars.isEmpty()) format.setProperty(DocumentView::kQuoteBars, bars);
  if (!place.marker.isEmpty()) {
    // The marker hangs in the margin: it is text, so that it is copied and read aloud with its item.
    format.setTextIndent(-kListIndent);
    format.setTabPositions({QTextOption::Tab(kListIndent, QTextOption::LeftTab)});
  }
  if (std::holds_alternative<markdown::Rule>(block)) format.setProperty(DocumentView::kRule, true);
  return format;
}

}  // namespace facet::ui
