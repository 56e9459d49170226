#include "tools/code/language_rules.h"
#include "tools/code/syntax_node.h"

namespace facet::tools::code {
namespace {

void describe_pair(const Site& site, Symbol& symbol) {
  const TSNode key = field_of(site.node, "key");
  const std::string_view quoted = text_of(key, site.text);
  if (quoted.size() < 2) return;
  symbol.names = {std::string(quoted.substr(1, quoted.size() - 2))};
  // What is in it comes below.
  const TSNode value = field_of(site.node, "value");
  const bool holds_more = type_of(value) == "object" || type_of(value) == "array";
  if (holds_more && ts_node_named_child_count(value) > 0) symbol.signature = on_one_line(quoted) + ": …";
}

}  // namespace

const LanguageRules& json_rules() {
  // The elements of arrays have no names.
  static const LanguageRules rules = {.symbols = {{"pair", SymbolKind::Value, describe_pair}},
                                      .wrappers = {},
                                      .leads = {},
                                      .dropped = {},
                                      .stops = {},
                                      .skipped = {"array"}};
  return rules;
}

}  // namespace facet::tools::code
