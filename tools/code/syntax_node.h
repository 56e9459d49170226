#pragma once

#include <tree_sitter/api.h>

#include <string>
#include <string_view>
#include <vector>

// Small questions to a node of a syntax tree.
namespace facet::tools::code {

// Types of nodes of one grammar, by their names.
class NodeTypes {
 public:
  NodeTypes(const TSLanguage* language, const std::vector<const char*>& names);
  bool has(TSSymbol type) const { return type < listed_.size() && listed_[type]; }

 private:
  std::vector<bool> listed_;  // by the number of the type
};

inline std::string_view type_of(TSNode node) {
  return ts_node_is_null(node) ? std::string_view() : std::string_view(ts_node_type(node));
}

// Something that the grammar has no place for.
inline bool is_error(TSNode node) {
  return ts_node_symbol(node) == static_cast<TSSymbol>(-1);
}

inline std::string_view text_of(TSNode node, std::string_view text) {
  if (ts_node_is_null(node)) return {};
  return text.substr(ts_node_start_byte(node), ts_node_end_byte(node) - ts_node_start_byte(node));
}

inline TSNode field_of(TSNode node, std::string_view field) {
  if (ts_node_is_null(node)) return node;
  return ts_node_child_by_field_name(node, field.data(), static_cast<std::uint32_t>(field.size()));
}

// Each in one pass: the library's own access by number goes through all children before.
std::vector<TSNode> named_children(TSNode node);

// The first of the children that has the type; null when there is none.
TSNode child_of_type(TSNode node, std::string_view type);

// The last row, from 0, that has something of the node: white space at its end does not count.
std::uint32_t last_row_of(TSNode node, std::string_view text);

// The same words with one space between them.
std::string on_one_line(std::string_view text);

}  // namespace facet::tools::code
