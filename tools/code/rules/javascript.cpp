#include <algorithm>

#include "tools/code/language_rules.h"
#include "tools/code/syntax_node.h"

// JavaScript and TypeScript, JSX included.
namespace facet::tools::code {
namespace {

bool is_function(std::string_view type) {
  return type == "arrow_function" || type == "function_expression" || type == "generator_function" ||
         type == "function";
}

// A value that is a function or a class makes its name one.
bool take_kind_of(TSNode value, Symbol& symbol) {
  const std::string_view type = type_of(value);
  if (is_function(type)) symbol.kind = SymbolKind::Function;
  if (type == "class") symbol.kind = SymbolKind::Type;
  return is_function(type) || type == "class";
}

// Directly in the file or in a namespace, with or without "export" in front.
bool is_outermost(const Site& site) {
  std::size_t level = 2;  // behind "const"
  while (type_of(site.ancestor(level)) == "export_statement" || type_of(site.ancestor(level)) == "ambient_declaration")
    ++level;
  const std::string_view around = type_of(site.ancestor(level + 1));
  return type_of(site.ancestor(level)) == "program" || around == "internal_module" || around == "module";
}

void describe_variable(const Site& site, Symbol& symbol) {
  const TSNode name = field_of(site.node, "name");
  if (type_of(name) != "identifier") return;
  if (take_kind_of(field_of(site.node, "value"), symbol) || is_outermost(site))
    symbol.names = {std::string(text_of(name, site.text))};
}

// "load: function () {}" in an object.
void describe_pair(const Site& site, Symbol& symbol) {
  if (take_kind_of(field_of(site.node, "value"), symbol))
    symbol.names = {on_one_line(text_of(field_of(site.node, "key"), site.text))};
}

// "Ferry.prototype.horn = function () {}", outside of functions.
void describe_assignment(const Site& site, Symbol& symbol) {
  const bool outside = type_of(site.ancestor(1)) == "expression_statement" && type_of(site.ancestor(2)) == "program";
  if (outside && take_kind_of(field_of(site.node, "right"), symbol))
    symbol.names = {on_one_line(text_of(field_of(site.node, "left"), site.text))};
}

void describe_field(const Site& site, Symbol& symbol) {
  const TSNode property = field_of(site.node, "property");
  take_kind_of(field_of(site.node, "value"), symbol);
  symbol.names = {on_one_line(text_of(ts_node_is_null(property) ? field_of(site.node, "name") : property, site.text))};
}

// "export default class {}"; other classes and functions without a name are values.
void describe_unnamed(const Site& site, Symbol& symbol) {
  if (type_of(site.ancestor(1)) != "export_statement") return;
  const TSNode name = field_of(site.node, "name");
  symbol.names = {ts_node_is_null(name) ? "default" : std::string(text_of(name, site.text))};
}

// A property of an interface or of a named type, not of a parameter.
void describe_property(const Site& site, Symbol& symbol) {
  const std::string_view around = type_of(site.ancestor(1));
  if (around == "interface_body" || (around == "object_type" && type_of(site.ancestor(2)) == "type_alias_declaration"))
    symbol.names = {on_one_line(text_of(field_of(site.node, "name"), site.text))};
}

// The name of a module is a string: declare module "ship".
void describe_module(const Site& site, Symbol& symbol) {
  std::string name = on_one_line(text_of(field_of(site.node, "name"), site.text));
  std::erase_if(name, [](char c) { return c == '\'' || c == '"'; });
  symbol.names = {std::move(name)};
}

LanguageRules plain_rules() {
  return {.symbols =
              {
                  {"class_declaration", SymbolKind::Type},
                  {"function_declaration", SymbolKind::Function},
                  {"generator_function_declaration", SymbolKind::Function},
                  {"method_definition", SymbolKind::Function},
                  {"field_definition", SymbolKind::Value, describe_field},
                  {"variable_declarator", SymbolKind::Value, describe_variable},
                  {"pair", SymbolKind::Value, describe_pair},
                  {"assignment_expression", SymbolKind::Value, describe_assignment},
                  {"class", SymbolKind::Type, describe_unnamed},
                  {"function_expression", SymbolKind::Function, describe_unnamed},
                  {"arrow_function", SymbolKind::Function, describe_unnamed},
              },
          .wrappers = {"export_statement", "lexical_declaration", "variable_declaration"},
          .leads = {"decorator"},
          .dropped = {"decorator"},
          .stops = {"statement_block", "class_body"},
          .skipped = {}};
}

LanguageRules with_types() {
  LanguageRules rules = plain_rules();
  for (const SymbolRule& rule : {
           SymbolRule{"abstract_class_declaration", SymbolKind::Type},
           SymbolRule{"interface_declaration", SymbolKind::Type},
           SymbolRule{"enum_declaration", SymbolKind::Type, nullptr, Inside::Closed},
           SymbolRule{"type_alias_declaration", SymbolKind::Type},
           SymbolRule{"module", SymbolKind::Module, describe_module},
           SymbolRule{"internal_module", SymbolKind::Module, describe_module},
           SymbolRule{"function_signature", SymbolKind::Function, nullptr, Inside::Closed},
           SymbolRule{"method_signature", SymbolKind::Function, describe_property, Inside::Closed},
           SymbolRule{"abstract_method_signature", SymbolKind::Function, nullptr, Inside::Closed},
           SymbolRule{"property_signature", SymbolKind::Value, describe_property, Inside::Closed},
           SymbolRule{"public_field_definition", SymbolKind::Value, describe_field},
       })
    rules.symbols.push_back(rule);
  rules.wrappers.push_back("ambient_declaration");
  for (const char* stop : {"interface_body", "enum_body"})
    rules.stops.push_back(stop);
  return rules;
}

}  // namespace

const LanguageRules& javascript_rules() {
  static const LanguageRules rules = plain_rules();
  return rules;
}

const LanguageRules& typescript_rules() {
  static const LanguageRules rules = with_types();
  return rules;
}

}  // namespace facet::tools::code
