#include <algorithm>
#include <array>

#include "tools/code/language_rules.h"
#include "tools/code/syntax_node.h"
#include "tools/text.h"

namespace facet::tools::code {
namespace {

constexpr std::size_t kHeadingBytes = 160;
constexpr std::size_t kMostNodes = 200;  // of a heading that are read

// What a page consists of; other elements are listed when they have an id.
constexpr std::array<std::string_view, 11> kRegions = {"head",  "body",    "header", "nav",   "main", "article",
                                                       "aside", "section", "footer", "title", "form"};

bool is_heading(std::string_view tag) {
  return tag == "title" || (tag.size() == 2 && tag[0] == 'h' && tag[1] >= '1' && tag[1] <= '6');
}

std::string attribute(TSNode start_tag, std::string_view wanted, std::string_view text) {
  for (const TSNode node : named_children(start_tag)) {
    if (type_of(node) != "attribute") continue;
    if (fold_case(text_of(child_of_type(node, "attribute_name"), text)) != wanted) continue;
    const TSNode quoted = child_of_type(node, "quoted_attribute_value");
    const TSNode value = child_of_type(ts_node_is_null(quoted) ? node : quoted, "attribute_value");
    return on_one_line(text_of(value, text));
  }
  return {};
}

// The words of a heading, without the tags in it.
std::string words_of(TSNode element, std::string_view text) {
  std::string words;
  TSTreeCursor cursor = ts_tree_cursor_new(element);
  for (std::size_t nodes = 0; nodes < kMostNodes && words.size() < kHeadingBytes; ++nodes) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    if (type_of(node) == "text" || type_of(node) == "entity") words += " " + std::string(text_of(node, text));
    if (ts_tree_cursor_goto_first_child(&cursor)) continue;
    bool more = true;
    while (more && !ts_tree_cursor_goto_next_sibling(&cursor))
      more = ts_tree_cursor_goto_parent(&cursor);
    if (!more) break;
  }
  ts_tree_cursor_delete(&cursor);
  return std::string(utf8_prefix(on_one_line(words), kHeadingBytes));
}

void describe_element(const Site& site, Symbol& symbol) {
  TSNode start = child_of_type(site.node, "start_tag");
  if (ts_node_is_null(start)) start = child_of_type(site.node, "self_closing_tag");
  if (ts_node_is_null(start)) return;
  const std::string tag = fold_case(text_of(child_of_type(start, "tag_name"), site.text));
  const std::string id = attribute(start, "id", site.text);
  const std::string words = is_heading(tag) ? words_of(site.node, site.text) : std::string();
  const bool is_region = std::find(kRegions.begin(), kRegions.end(), tag) != kRegions.end();
  if (id.empty() && words.empty() && !is_region) return;

  if (!words.empty()) symbol.names.push_back(words);
  if (!id.empty()) {
    symbol.names.push_back(id);
    symbol.names.push_back("#" + id);
    symbol.names.push_back(tag + "#" + id);
  }
  if (words.empty()) symbol.names.push_back(tag);
  symbol.signature = tag + (id.empty() ? "" : "#" + id) + (words.empty() ? "" : " " + words);
}

// A script or a style, as one piece.
void describe_embedded(const Site& site, Symbol& symbol) {
  const TSNode start = child_of_type(site.node, "start_tag");
  if (ts_node_is_null(start)) return;
  const std::string tag = fold_case(text_of(child_of_type(start, "tag_name"), site.text));
  const std::string id = attribute(start, "id", site.text);
  const std::string source = attribute(start, "src", site.text);
  symbol.names = {tag, id, source};
  symbol.signature = tag + (id.empty() ? "" : "#" + id) + (source.empty() ? "" : " src=\"" + source + "\"");
}

}  // namespace

const LanguageRules& html_rules() {
  static const LanguageRules rules = {.symbols =
                                          {
                                              {"element", SymbolKind::Part, describe_element},
                                              {"script_element", SymbolKind::Part, describe_embedded, Inside::Closed},
                                              {"style_element", SymbolKind::Part, describe_embedded, Inside::Closed},
                                          },
                                      .wrappers = {},
                                      .leads = {},
                                      .dropped = {},
                                      .stops = {},
                                      .skipped = {}};
  return rules;
}

}  // namespace facet::tools::code
