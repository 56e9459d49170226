#include "tools/code/language_rules.h"
#include "tools/code/syntax_node.h"

// C and C++.
namespace facet::tools::code {
namespace {

// What a declarator declares: "*name[3]" and "Widget::draw(int) const" have it at the end of a chain.
struct Declared {
  std::string name;
  bool is_function = false;
};

// "operator bool" of "operator bool() const", also behind "Widget::".
std::string name_of_conversion(TSNode operator_cast, std::uint32_t begin, std::string_view text) {
  const TSNode rest = field_of(operator_cast, "declarator");
  if (ts_node_is_null(rest)) return {};
  return on_one_line(text.substr(begin, ts_node_start_byte(rest) - begin));
}

Declared declared_by(TSNode declarator, std::string_view text) {
  Declared declared;
  for (TSNode node = declarator; !ts_node_is_null(node);) {
    const std::string_view type = type_of(node);
    const TSNode inner = field_of(node, "declarator");
    if (type == "operator_cast")
      return {name_of_conversion(node, ts_node_start_byte(node), text), /*is_function=*/true};
    if (type == "qualified_identifier") {
      TSNode last = node;
      while (type_of(last) == "qualified_identifier" && !ts_node_is_null(field_of(last, "name")))
        last = field_of(last, "name");
      if (type_of(last) == "operator_cast")
        return {name_of_conversion(last, ts_node_start_byte(node), text), /*is_function=*/true};
    }
    if (type == "function_declarator") declared.is_function = type_of(inner) != "parenthesized_declarator";
    if (!ts_node_is_null(inner)) {
      node = inner;
    } else if (type.ends_with("_declarator")) {
      node = ts_node_named_child(node, ts_node_named_child_count(node) - 1);
    } else {
      declared.name = on_one_line(text_of(node, text));
      return declared;
    }
  }
  return declared;
}

bool is_body(TSNode type) {
  return !ts_node_is_null(field_of(type, "body"));
}

void describe_function(const Site& site, Symbol& symbol) {
  symbol.names = {declared_by(field_of(site.node, "declarator"), site.text).name};
}

// One declaration may declare several names: "int a, *b;".
void describe_declaration(const Site& site, Symbol& symbol) {
  if (is_body(field_of(site.node, "type"))) return;  // the type is the symbol
  bool is_function = false;
  TSTreeCursor cursor = ts_tree_cursor_new(site.node);
  for (bool more = ts_tree_cursor_goto_first_child(&cursor); more; more = ts_tree_cursor_goto_next_sibling(&cursor)) {
    const char* field = ts_tree_cursor_current_field_name(&cursor);
    if (!field || std::string_view(field) != "declarator") continue;
    Declared declared = declared_by(ts_tree_cursor_current_node(&cursor), site.text);
    is_function = is_function || declared.is_function;
    symbol.names.push_back(std::move(declared.name));
  }
  ts_tree_cursor_delete(&cursor);
  symbol.kind = is_function ? SymbolKind::Function : SymbolKind::Value;
}

void describe_typedef(const Site& site, Symbol& symbol) {
  describe_declaration(site, symbol);
  if (symbol.names.empty()) symbol.names = {declared_by(field_of(site.node, "declarator"), site.text).name};
  symbol.kind = SymbolKind::Type;
}

// Only where it is defined; of "typedef struct berth {...} berth_t;" the typedef is the symbol.
void describe_type(const Site& site, Symbol& symbol) {
  if (is_body(site.node) && type_of(site.ancestor(1)) != "type_definition")
    symbol.names = {on_one_line(text_of(field_of(site.node, "name"), site.text))};
}

// Not the name alone, which is what guards a header.
void describe_macro(const Site& site, Symbol& symbol) {
  if (!ts_node_is_null(field_of(site.node, "value")))
    symbol.names = {std::string(text_of(field_of(site.node, "name"), site.text))};
}

LanguageRules common_rules() {
  return {.symbols =
              {
                  {"preproc_def", SymbolKind::Value, describe_macro, Inside::Closed},
                  {"preproc_function_def", SymbolKind::Value, describe_macro, Inside::Closed},
                  {"struct_specifier", SymbolKind::Type, describe_type},
                  {"union_specifier", SymbolKind::Type, describe_type},
                  {"enum_specifier", SymbolKind::Type, describe_type, Inside::Closed},
                  {"type_definition", SymbolKind::Type, describe_typedef},
                  {"declaration", SymbolKind::Value, describe_declaration, Inside::Closed},
                  {"field_declaration", SymbolKind::Value, describe_declaration, Inside::Closed},
                  {"function_definition", SymbolKind::Function, describe_function, Inside::Closed},
              },
          .wrappers = {},
          .leads = {},
          .dropped = {},
          .stops = {"compound_statement", "field_declaration_list", "enumerator_list"},
          .skipped = {"compound_statement", "initializer_list"}};
}

LanguageRules with_classes() {
  LanguageRules rules = common_rules();
  for (const SymbolRule& rule : {
           SymbolRule{"namespace_definition", SymbolKind::Module},
           SymbolRule{"class_specifier", SymbolKind::Type, describe_type},
           SymbolRule{"alias_declaration", SymbolKind::Type, nullptr, Inside::Closed},
           SymbolRule{"concept_definition", SymbolKind::Type, nullptr, Inside::Closed},
       })
    rules.symbols.push_back(rule);
  rules.wrappers = {"template_declaration"};
  for (const char* stop : {"field_initializer_list", "try_statement", "declaration_list"})
    rules.stops.push_back(stop);
  return rules;
}

}  // namespace

const LanguageRules& c_rules() {
  static const LanguageRules rules = common_rules();
  return rules;
}

const LanguageRules& cpp_rules() {
  static const LanguageRules rules = with_classes();
  return rules;
}

}  // namespace facet::tools::code
