#include "tools/code/language_rules.h"
#include "tools/code/syntax_node.h"

namespace facet::tools::code {
namespace {

// Directly in the file, alone or behind "export" and its like.
void describe_variable(const Site& site, Symbol& symbol) {
  const std::size_t level = type_of(site.ancestor(1)) == "declaration_command" ? 2 : 1;
  const TSNode name = field_of(site.node, "name");
  if (type_of(site.ancestor(level)) == "program" && type_of(name) == "variable_name")
    symbol.names = {std::string(text_of(name, site.text))};
}

}  // namespace

const LanguageRules& bash_rules() {
  static const LanguageRules rules = {
      .symbols =
          {
              {"function_definition", SymbolKind::Function, nullptr, Inside::Closed},
              {"variable_assignment", SymbolKind::Value, describe_variable, Inside::Closed},
          },
      .wrappers = {"declaration_command"},
      .leads = {},
      .dropped = {},
      .stops = {"compound_statement", "subshell"},
      .skipped = {}};
  return rules;
}

}  // namespace facet::tools::code
