#include "tools/code/language_rules.h"
#include "tools/code/syntax_node.h"

namespace facet::tools::code {
namespace {

// "impl<T> Display for Buoy<T>" belongs to Buoy.
void describe_impl(const Site& site, Symbol& symbol) {
  TSNode type = field_of(site.node, "type");
  if (type_of(type) == "generic_type") type = field_of(type, "type");
  symbol.names = {on_one_line(text_of(type, site.text))};
}

}  // namespace

const LanguageRules& rust_rules() {
  static const LanguageRules rules = {
      .symbols =
          {
              {"mod_item", SymbolKind::Module},
              {"struct_item", SymbolKind::Type, nullptr, Inside::Closed},
              {"enum_item", SymbolKind::Type, nullptr, Inside::Closed},
              {"union_item", SymbolKind::Type, nullptr, Inside::Closed},
              {"trait_item", SymbolKind::Type},
              {"impl_item", SymbolKind::Type, describe_impl},
              {"type_item", SymbolKind::Type, nullptr, Inside::Closed},
              {"associated_type", SymbolKind::Type, nullptr, Inside::Closed},
              {"const_item", SymbolKind::Value, nullptr, Inside::Closed},
              {"static_item", SymbolKind::Value, nullptr, Inside::Closed},
              {"function_item", SymbolKind::Function, nullptr, Inside::Closed},
              {"function_signature_item", SymbolKind::Function, nullptr, Inside::Closed},
              {"macro_definition", SymbolKind::Function, nullptr, Inside::Closed},
          },
      .wrappers = {},
      .leads = {"attribute_item"},
      .dropped = {},
      .stops = {"block", "declaration_list", "field_declaration_list", "enum_variant_list", "macro_rule"},
      .skipped = {}};
  return rules;
}

}  // namespace facet::tools::code
