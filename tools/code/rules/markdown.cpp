#include <algorithm>

#include "tools/code/language_rules.h"
#include "tools/code/syntax_node.h"

namespace facet::tools::code {
namespace {

struct Heading {
  std::size_t level = 1;
  std::string words;
  bool underlined = false;
  std::int64_t line = 1;
};

// "### In summer ###" ends with signs that are not of the heading.
std::string without_closing_signs(std::string words) {
  const std::size_t end = words.find_last_not_of('#');
  if (end == std::string::npos) return {};
  if (end + 1 < words.size() && words[end] == ' ') words.resize(end);
  return on_one_line(words);
}

Heading heading_of(TSNode node, std::string_view text) {
  Heading heading;
  heading.underlined = type_of(node) == "setext_heading";
  heading.line = ts_node_start_point(node).row + 1;
  const TSNode content = field_of(node, "heading_content");
  heading.words = on_one_line(text_of(content, text));
  if (heading.underlined) {
    heading.level = ts_node_is_null(child_of_type(node, "setext_h2_underline")) ? 1 : 2;
    return heading;
  }
  const std::string_view whole = text_of(node, text);
  const std::size_t begin = std::min(whole.find('#'), whole.size());
  heading.level = std::max<std::size_t>(1, std::min(whole.find_first_not_of('#', begin), whole.size()) - begin);
  heading.words = without_closing_signs(std::move(heading.words));
  if (heading.words.empty()) heading.words = "(no title)";
  return heading;
}

// Those of the document itself: what is quoted or in a list heads nothing.
std::vector<Heading> headings_in(TSNode root, std::string_view text) {
  std::vector<Heading> headings;
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  for (bool more = true; more;) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    const std::string_view type = type_of(node);
    if (type == "atx_heading" || type == "setext_heading") headings.push_back(heading_of(node, text));
    const bool enter = type == "document" || type == "section" || is_error(node);
    if (enter && ts_tree_cursor_goto_first_child(&cursor)) continue;
    while (more && !ts_tree_cursor_goto_next_sibling(&cursor))
      more = ts_tree_cursor_goto_parent(&cursor);
  }
  ts_tree_cursor_delete(&cursor);
  return headings;
}

// The words as a reader sees them: "Harbor *handbook*" is "Harbor handbook".
std::string plain(std::string words) {
  std::erase_if(words, [](char c) { return c == '*' || c == '`'; });
  return words;
}

// The last line of each section that is not blank: a section ends before the next heading that is not beneath it.
std::vector<std::int64_t> lines_with_text(std::string_view text) {
  std::vector<std::int64_t> last = {0};  // by line: the last line up to it that is not blank
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::int64_t number = static_cast<std::int64_t>(last.size());
    const bool blank = text.substr(begin, end - begin).find_first_not_of(" \t\r") == std::string_view::npos;
    last.push_back(blank ? last.back() : number);
    begin = end + 1;
  }
  return last;
}

void collect(TSNode root, std::string_view text, std::vector<Symbol>& symbols) {
  const std::vector<Heading> headings = headings_in(root, text);
  const std::vector<std::int64_t> last_text = lines_with_text(text);
  const std::int64_t last_line = static_cast<std::int64_t>(last_text.size()) - 1;
  std::vector<std::size_t> open;  // the headings around the next one
  const auto close_to = [&](std::size_t level, std::int64_t line) {
    while (!open.empty() && headings[open.back()].level >= level) {
      symbols[open.back()].last_line = std::max(symbols[open.back()].first_line, last_text[std::min(line, last_line)]);
      open.pop_back();
    }
  };
  for (const Heading& heading : headings) {
    close_to(heading.level, heading.line - 1);
    Symbol symbol;
    symbol.kind = SymbolKind::Part;
    symbol.names = {heading.words, plain(heading.words)};
    symbol.signature = (heading.underlined ? "" : std::string(heading.level, '#') + " ") + heading.words;
    symbol.first_line = symbol.lead_line = heading.line;
    symbol.depth = open.size();
    symbol.parent = open.empty() ? -1 : static_cast<std::ptrdiff_t>(open.back());
    open.push_back(symbols.size());
    symbols.push_back(std::move(symbol));
  }
  close_to(0, last_line);
}

}  // namespace

const LanguageRules& markdown_rules() {
  static const LanguageRules rules = {.symbols = {},
                                      .wrappers = {},
                                      .leads = {},
                                      .dropped = {},
                                      .stops = {},
                                      .skipped = {"section"},
                                      .collect = collect};
  return rules;
}

}  // namespace facet::tools::code
