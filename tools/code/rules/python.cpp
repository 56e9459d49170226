#include "tools/code/language_rules.h"
#include "tools/code/syntax_node.h"

namespace facet::tools::code {
namespace {

// Directly in the file or in a class: what is assigned elsewhere is local, or comes of running.
bool defines_a_name(const Site& site) {
  const std::string_view around = type_of(site.ancestor(2));
  return type_of(site.ancestor(1)) == "expression_statement" &&
         (around == "module" || (around == "block" && type_of(site.ancestor(3)) == "class_definition"));
}

// "x = 1", "x, y = 1, 2", "x: int".
void describe_assignment(const Site& site, Symbol& symbol) {
  if (!defines_a_name(site)) return;
  const TSNode left = field_of(site.node, "left");
  if (type_of(left) == "identifier") symbol.names = {std::string(text_of(left, site.text))};
  if (type_of(left) != "pattern_list" && type_of(left) != "tuple_pattern") return;
  for (const TSNode name : named_children(left))
    if (type_of(name) == "identifier") symbol.names.emplace_back(text_of(name, site.text));
}

void describe_alias(const Site& site, Symbol& symbol) {
  symbol.names = {on_one_line(text_of(field_of(site.node, "left"), site.text))};
}

}  // namespace

const LanguageRules& python_rules() {
  static const LanguageRules rules = {
      .symbols =
          {
              {"class_definition", SymbolKind::Type},
              {"function_definition", SymbolKind::Function},
              {"assignment", SymbolKind::Value, describe_assignment, Inside::Closed},
              {"type_alias_statement", SymbolKind::Type, describe_alias, Inside::Closed},
          },
      .wrappers = {"decorated_definition"},
      .leads = {},
      .dropped = {"decorator"},
      .stops = {"block"},
      .skipped = {}};
  return rules;
}

}  // namespace facet::tools::code
