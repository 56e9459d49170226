#include "tools/code/syntax_node.h"

#include <algorithm>

namespace facet::tools::code {

NodeTypes::NodeTypes(const TSLanguage* language, const std::vector<const char*>& names)
    : listed_(ts_language_symbol_count(language)) {
  for (const std::string_view name : names) {
    const TSSymbol type =
        ts_language_symbol_for_name(language, name.data(), static_cast<std::uint32_t>(name.size()), /*is_named=*/true);
    if (type != 0 && type < listed_.size()) listed_[type] = true;
  }
}

std::vector<TSNode> named_children(TSNode node) {
  std::vector<TSNode> children;
  if (ts_node_is_null(node)) return children;
  TSTreeCursor cursor = ts_tree_cursor_new(node);
  for (bool more = ts_tree_cursor_goto_first_child(&cursor); more; more = ts_tree_cursor_goto_next_sibling(&cursor))
    if (const TSNode child = ts_tree_cursor_current_node(&cursor); ts_node_is_named(child)) children.push_back(child);
  ts_tree_cursor_delete(&cursor);
  return children;
}

TSNode child_of_type(TSNode node, std::string_view type) {
  TSNode found = {};
  if (ts_node_is_null(node)) return found;
  TSTreeCursor cursor = ts_tree_cursor_new(node);
  for (bool more = ts_tree_cursor_goto_first_child(&cursor); more; more = ts_tree_cursor_goto_next_sibling(&cursor))
    if (type_of(ts_tree_cursor_current_node(&cursor)) == type) {
      found = ts_tree_cursor_current_node(&cursor);
      break;
    }
  ts_tree_cursor_delete(&cursor);
  return found;
}

std::uint32_t last_row_of(TSNode node, std::string_view text) {
  const std::string_view own = text_of(node, text);
  const std::size_t end = own.find_last_not_of(" \t\r\n\v\f");
  if (end == std::string_view::npos) return ts_node_start_point(node).row;
  const auto breaks = std::count(own.begin() + static_cast<std::ptrdiff_t>(end), own.end(), '\n');
  return ts_node_end_point(node).row - static_cast<std::uint32_t>(breaks);
}

std::string on_one_line(std::string_view text) {
  std::string line;
  bool gap = false;
  for (const char c : text) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!space && gap && !line.empty()) line += ' ';
    if (!space) line += c;
    gap = space;
  }
  return line;
}

}  // namespace facet::tools::code
