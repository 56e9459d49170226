#include "tools/code/language_rules.h"
#include "tools/code/syntax_node.h"

namespace facet::tools::code {
namespace {

// "Gate.Lift" for "func (g *Gate) Lift()".
void describe_method(const Site& site, Symbol& symbol) {
  const TSNode receiver = field_of(site.node, "receiver");
  const TSNode parameter = child_of_type(receiver, "parameter_declaration");
  TSNode type = ts_node_is_null(parameter) ? parameter : field_of(parameter, "type");
  if (type_of(type) == "pointer_type") type = ts_node_named_child(type, 0);
  if (type_of(type) == "generic_type") type = field_of(type, "type");
  const std::string name(text_of(field_of(site.node, "name"), site.text));
  const std::string owner = on_one_line(text_of(type, site.text));
  symbol.names = {owner.empty() || name.empty() ? name : owner + "." + name};
}

// "a, b = 1, 2", outside of functions.
void describe_values(const Site& site, Symbol& symbol) {
  for (const TSNode name : named_children(site.node)) {
    if (type_of(name) != "identifier") break;
    symbol.names.emplace_back(text_of(name, site.text));
  }
}

}  // namespace

const LanguageRules& go_rules() {
  static const LanguageRules rules = {
      .symbols =
          {
              {"const_spec", SymbolKind::Value, describe_values, Inside::Closed},
              {"var_spec", SymbolKind::Value, describe_values, Inside::Closed},
              {"type_spec", SymbolKind::Type},
              {"type_alias", SymbolKind::Type, nullptr, Inside::Closed},
              {"method_elem", SymbolKind::Function, nullptr, Inside::Closed},
              {"function_declaration", SymbolKind::Function, nullptr, Inside::Closed},
              {"method_declaration", SymbolKind::Function, describe_method, Inside::Closed},
          },
      .wrappers = {"const_declaration", "var_declaration", "type_declaration"},
      .leads = {},
      .dropped = {},
      .stops = {"block", "field_declaration_list", "method_elem"},
      .skipped = {"field_declaration_list"}};
  return rules;
}

}  // namespace facet::tools::code
