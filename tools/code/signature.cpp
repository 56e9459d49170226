#include "tools/code/signature.h"

#include <algorithm>

#include "tools/text.h"

namespace facet::tools::code {
namespace {

constexpr std::uint32_t kReadBytes =
    8 * kSignatureBytes;  // of a declaration: white space and comments are left out of it

// What is taken of a declaration, and where it ends.
struct Extract {
  std::string text;
  std::uint32_t first_row = 0;
  bool cut = false;
};

Extract extract(TSNode begin, std::uint32_t end, const NodeTypes& stops, const NodeTypes& dropped,
                std::string_view text) {
  Extract taken;
  std::uint32_t position = ts_node_start_byte(begin);
  std::uint32_t limit = std::min(end, position + kReadBytes);
  taken.cut = limit < end;
  const auto take_to = [&](std::uint32_t to) {
    if (to > position) taken.text += text.substr(position, to - position);
  };
  bool found_row = false;
  TSTreeCursor cursor = ts_tree_cursor_new(begin);
  // In the order of the text, and into nothing that is left out.
  for (bool more = true; more;) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    const TSSymbol symbol = ts_node_symbol(node);
    const std::uint32_t at = ts_node_start_byte(node);
    const bool inner = !ts_node_eq(node, begin);
    if (at >= limit) break;
    if (inner && stops.has(symbol)) {
      limit = at;
      taken.cut = false;
      break;
    }
    const bool drop = inner && dropped.has(symbol);
    if (drop) {
      take_to(at);
      taken.text += ' ';
      position = std::max(position, std::min(limit, ts_node_end_byte(node)));
    } else if (!found_row && ts_node_child_count(node) == 0) {
      taken.first_row = ts_node_start_point(node).row;
      found_row = true;
    }
    more = !drop && ts_tree_cursor_goto_first_child(&cursor);
    while (!more) {
      if (ts_tree_cursor_goto_next_sibling(&cursor)) {
        more = true;
      } else if (!ts_tree_cursor_goto_parent(&cursor)) {
        break;
      }
    }
  }
  ts_tree_cursor_delete(&cursor);
  take_to(limit);
  if (!found_row) taken.first_row = ts_node_start_point(begin).row;
  return taken;
}

bool ends_with_one_of(std::string_view text, std::string_view characters) {
  return !text.empty() && characters.find(text.back()) != std::string_view::npos;
}

// What opens a body or ends a declaration says nothing on its line.
void strip_end(std::string& line, std::string_view characters) {
  while (ends_with_one_of(line, characters) || line.ends_with(' '))
    line.pop_back();
}

}  // namespace

Signature signature_of(TSNode begin, TSNode node, SymbolKind kind, const NodeTypes& stops, const NodeTypes& dropped,
                       std::string_view text) {
  Extract taken = extract(begin, ts_node_end_byte(node), stops, dropped, text);
  std::string_view declaration = taken.text;
  declaration.remove_prefix(std::min(declaration.find_first_not_of(" \t\r\n"), declaration.size()));
  declaration = declaration.substr(0, declaration.find_last_not_of(" \t\r\n") + 1);
  if (kind == SymbolKind::Value) {
    const std::size_t end = declaration.find('\n');
    taken.cut = taken.cut || end != std::string_view::npos;
    declaration = declaration.substr(0, end);
  }
  std::string line = on_one_line(declaration);
  if (line.size() > kSignatureBytes) {
    line = utf8_prefix(line, kSignatureBytes);
    taken.cut = true;
  }
  if (taken.cut) {
    strip_end(line, "{[(");
    line += " …";
  } else {
    if (line.ends_with(";") || line.ends_with(",")) line.pop_back();
    if (kind != SymbolKind::Value && kind != SymbolKind::Part) {
      strip_end(line, "{:=");
      if (line.ends_with("=>")) line.resize(line.size() - 2);
      strip_end(line, "");
    }
  }
  return {std::move(line), taken.first_row};
}

}  // namespace facet::tools::code
