#pragma once

#include <tree_sitter/api.h>

#include <string>
#include <string_view>

#include "tools/code/outline.h"
#include "tools/code/syntax_node.h"

namespace facet::tools::code {

inline constexpr std::size_t kSignatureBytes = 200;  // longer ones are cut

struct Signature {
  std::string text;
  std::uint32_t first_row = 0;  // of what is in the text: decorators and comments are not
};

// How a symbol is declared, on one line: what stands from the beginning of `begin` to the end of `node`, or to the
// first node inside whose type is in `stops`, without the nodes whose types are in `dropped`. Types are symbols of the
// grammar. `begin` is the node itself or one around it. A value ends with its first line.
Signature signature_of(TSNode begin, TSNode node, SymbolKind kind, const NodeTypes& stops, const NodeTypes& dropped,
                       std::string_view text);

}  // namespace facet::tools::code
