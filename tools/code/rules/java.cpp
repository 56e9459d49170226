#include "tools/code/language_rules.h"
#include "tools/code/syntax_node.h"

namespace facet::tools::code {
namespace {

// "int a = 1, b;" has two declarators.
void describe_field(const Site& site, Symbol& symbol) {
  for (const TSNode declarator : named_children(site.node))
    if (type_of(declarator) == "variable_declarator")
      symbol.names.emplace_back(text_of(field_of(declarator, "name"), site.text));
}

}  // namespace

const LanguageRules& java_rules() {
  static const LanguageRules rules = {
      .symbols =
          {
              {"class_declaration", SymbolKind::Type},
              {"interface_declaration", SymbolKind::Type},
              {"enum_declaration", SymbolKind::Type},
              {"record_declaration", SymbolKind::Type},
              {"annotation_type_declaration", SymbolKind::Type},
              {"field_declaration", SymbolKind::Value, describe_field, Inside::Closed},
              {"constant_declaration", SymbolKind::Value, describe_field, Inside::Closed},
              {"method_declaration", SymbolKind::Function, nullptr, Inside::Closed},
              {"constructor_declaration", SymbolKind::Function, nullptr, Inside::Closed},
              {"compact_constructor_declaration", SymbolKind::Function, nullptr, Inside::Closed},
              {"annotation_type_element_declaration", SymbolKind::Function, nullptr, Inside::Closed},
          },
      .wrappers = {},
      .leads = {},
      .dropped = {"annotation", "marker_annotation"},
      .stops = {"block", "constructor_body", "class_body", "interface_body", "enum_body", "annotation_type_body"},
      .skipped = {"block"}};
  return rules;
}

}  // namespace facet::tools::code
