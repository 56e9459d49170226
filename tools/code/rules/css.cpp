#include <algorithm>

#include "tools/code/language_rules.h"
#include "tools/code/syntax_node.h"

namespace facet::tools::code {
namespace {

// What stands before the braces, and where it is a list of selectors, each of them.
void describe_rule(const Site& site, Symbol& symbol) {
  const TSNode selectors = child_of_type(site.node, "selectors");
  if (ts_node_is_null(selectors)) return;
  symbol.names = {on_one_line(text_of(selectors, site.text))};
  const std::vector<TSNode> each = named_children(selectors);
  for (std::size_t i = 0; each.size() > 1 && i < each.size(); ++i)
    symbol.names.push_back(on_one_line(text_of(each[i], site.text)));
}

void describe_at_rule(const Site& site, Symbol& symbol) {
  std::uint32_t end = ts_node_end_byte(site.node);
  for (const char* body : {"block", "keyframe_block_list"})
    if (const TSNode block = child_of_type(site.node, body); !ts_node_is_null(block))
      end = std::min(end, ts_node_start_byte(block));
  const std::uint32_t begin = ts_node_start_byte(site.node);
  std::string name = on_one_line(site.text.substr(begin, end - begin));
  if (name.ends_with(';')) name.pop_back();
  symbol.names = {std::move(name)};
  if (const TSNode keyframes = child_of_type(site.node, "keyframes_name"); !ts_node_is_null(keyframes))
    symbol.names.push_back(std::string(text_of(keyframes, site.text)));
}

}  // namespace

const LanguageRules& css_rules() {
  static const LanguageRules rules = {.symbols =
                                          {
                                              {"rule_set", SymbolKind::Part, describe_rule},
                                              {"import_statement", SymbolKind::Part, describe_at_rule},
                                              {"media_statement", SymbolKind::Part, describe_at_rule},
                                              {"supports_statement", SymbolKind::Part, describe_at_rule},
                                              {"keyframes_statement", SymbolKind::Part, describe_at_rule},
                                              {"at_rule", SymbolKind::Part, describe_at_rule},
                                          },
                                      .wrappers = {},
                                      .leads = {},
                                      .dropped = {},
                                      .stops = {"block", "keyframe_block_list"},
                                      .skipped = {}};
  return rules;
}

}  // namespace facet::tools::code
