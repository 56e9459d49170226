#include "tools/code/outline.h"

#include <algorithm>
#include <optional>

#include "tools/code/language_rules.h"
#include "tools/code/signature.h"
#include "tools/code/syntax_node.h"

namespace facet::tools::code {
namespace {

constexpr std::size_t kMostDepth = 32;        // of symbols in symbols
constexpr std::size_t kNodesPerLook = 4'096;  // at the stop token

std::vector<const char*> comments_and(const std::vector<const char*>& names) {
  std::vector<const char*> all = {"comment", "line_comment", "block_comment"};
  all.insert(all.end(), names.begin(), names.end());
  return all;
}

// The line of the first thing that the grammar has no place for, 0 when there is none. What is merely missing, such as
// a semicolon, hides nothing.
std::int64_t error_line_of(TSNode root) {
  std::int64_t line = 0;
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  for (bool more = true; more && line == 0;) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    if (is_error(node)) line = ts_node_start_point(node).row + 1;
    if (ts_node_has_error(node) && ts_tree_cursor_goto_first_child(&cursor)) continue;
    while (more && !ts_tree_cursor_goto_next_sibling(&cursor))
      more = ts_tree_cursor_goto_parent(&cursor);
  }
  ts_tree_cursor_delete(&cursor);
  return line;
}

// Goes through a tree once, without recursion: a file decides how deep it is.
class Walk {
 public:
  Walk(const Grammar& grammar, std::string_view text, const std::stop_token& stop)
      : rules_(grammar.rules()),
        wrappers_(grammar.language(), rules_.wrappers),
        leads_(grammar.language(), comments_and(rules_.leads)),
        dropped_(grammar.language(), comments_and(rules_.dropped)),
        stops_(grammar.language(), rules_.stops),
        skipped_(grammar.language(), rules_.skipped),
        rule_of_type_(ts_language_symbol_count(grammar.language())),
        text_(text),
        stop_(stop) {
    for (const SymbolRule& rule : rules_.symbols) {
      const std::string_view name = rule.node;
      const TSSymbol type = ts_language_symbol_for_name(grammar.language(), name.data(),
                                                        static_cast<std::uint32_t>(name.size()), /*is_named=*/true);
      if (type < rule_of_type_.size()) rule_of_type_[type] = &rule;
    }
  }

  // False when it was stopped.
  bool run(TSNode root) {
    outline_.error_line = error_line_of(root);
    if (rules_.collect) rules_.collect(root, text_, outline_.symbols);
    TSTreeCursor cursor = ts_tree_cursor_new(root);
    levels_.push_back({});
    bool more = true;
    for (std::size_t nodes = 0; more; ++nodes) {
      if (nodes % kNodesPerLook == 0 && stop_.stop_requested()) break;
      const TSNode node = ts_tree_cursor_current_node(&cursor);
      std::optional<Level> inside = visit(node);
      if (inside && ts_tree_cursor_goto_first_child(&cursor)) {
        ancestors_.push_back(node);
        levels_.push_back(*inside);
        continue;
      }
      while (more && !ts_tree_cursor_goto_next_sibling(&cursor)) {
        more = ts_tree_cursor_goto_parent(&cursor);
        if (!more) break;
        ancestors_.pop_back();
        levels_.pop_back();
      }
    }
    ts_tree_cursor_delete(&cursor);
    return !more;
  }

  Outline take() { return std::move(outline_); }

 private:
  // What stands around the symbol that comes next, such as "export" or a decorator.
  struct Wrapper {
    TSNode node;
    std::uint32_t lead_row = 0;
  };

  // Brothers and sisters in the tree.
  struct Level {
    std::ptrdiff_t symbol = -1;             // around them
    std::optional<Wrapper> wrapper;         // of the first symbol among them
    std::optional<std::uint32_t> lead_row;  // of the comments that end directly above what comes next
    std::uint32_t lead_end = 0;
    std::uint32_t last_row = 0;  // of the last one that is no comment
    bool first = true;
  };

  // What the node's children begin with; nothing when they are not to be looked at.
  std::optional<Level> visit(TSNode node) {
    Level& level = levels_.back();
    const TSSymbol type = ts_node_symbol(node);
    if (leads_.has(type)) {
      take_lead(level, node);
      return std::nullopt;
    }
    const std::uint32_t lead_row = take_lead_row(level, node);
    // A list in parentheses behind the word: what is in it stands for itself.
    if (!ts_node_is_named(node) && text_of(node, text_) == "(") level.wrapper.reset();
    if (skipped_.has(type)) return std::nullopt;

    Level inside;
    inside.symbol = level.symbol;
    const SymbolRule* rule = type < rule_of_type_.size() ? rule_of_type_[type] : nullptr;
    if (rule && add(*rule, node, lead_row, level)) {
      inside.symbol = static_cast<std::ptrdiff_t>(outline_.symbols.size()) - 1;
      level.wrapper.reset();
      const bool too_deep = outline_.symbols.back().depth + 1 >= kMostDepth;
      if (rule->inside == Inside::Closed || too_deep) return std::nullopt;
      return inside;
    }
    // A comment above a statement is above what is declared in it.
    if (const std::uint32_t row = ts_node_start_point(node).row; lead_row < row) {
      inside.lead_row = lead_row;
      inside.lead_end = row - 1;
    }
    if (wrappers_.has(type)) inside.wrapper = level.wrapper ? *level.wrapper : Wrapper{node, lead_row};
    return inside;
  }

  void take_lead(Level& level, TSNode node) const {
    const std::uint32_t row = ts_node_start_point(node).row;
    const bool behind_something = !level.first && row == level.last_row;
    if (behind_something) return;
    if (!level.lead_row || row > level.lead_end + 1) level.lead_row = row;
    level.lead_end = last_row_of(node, text_);
  }

  std::uint32_t take_lead_row(Level& level, TSNode node) const {
    const std::uint32_t row = ts_node_start_point(node).row;
    const std::uint32_t lead_row = level.lead_row && row <= level.lead_end + 1 ? *level.lead_row : row;
    level.lead_row.reset();
    level.last_row = last_row_of(node, text_);
    level.first = false;
    return lead_row;
  }

  bool add(const SymbolRule& rule, TSNode node, std::uint32_t lead_row, const Level& level) {
    Symbol symbol;
    symbol.kind = rule.kind;
    const Symbol* enclosing = level.symbol < 0 ? nullptr : &outline_.symbols[level.symbol];
    if (rule.describe) {
      rule.describe({node, ancestors_, enclosing, text_}, symbol);
    } else if (const std::string name = on_one_line(text_of(field_of(node, "name"), text_)); !name.empty()) {
      symbol.names = {name};
    }
    std::erase(symbol.names, std::string());
    if (symbol.names.empty()) return false;

    const TSNode begin = level.wrapper ? level.wrapper->node : node;
    const Signature signature = signature_of(begin, node, symbol.kind, stops_, dropped_, text_);
    if (symbol.signature.empty()) symbol.signature = signature.text;
    symbol.first_line = signature.first_row + 1;
    symbol.last_line = std::max<std::int64_t>(symbol.first_line, last_row_of(node, text_) + 1);
    symbol.lead_line =
        std::min<std::int64_t>(symbol.first_line, (level.wrapper ? level.wrapper->lead_row : lead_row) + 1);
    symbol.parent = level.symbol;
    symbol.depth = enclosing ? enclosing->depth + 1 : 0;
    outline_.symbols.push_back(std::move(symbol));
    return true;
  }

  const LanguageRules& rules_;
  const NodeTypes wrappers_;
  const NodeTypes leads_;
  const NodeTypes dropped_;
  const NodeTypes stops_;
  const NodeTypes skipped_;
  std::vector<const SymbolRule*> rule_of_type_;
  std::string_view text_;
  const std::stop_token& stop_;

  std::vector<TSNode> ancestors_;
  std::vector<Level> levels_;
  Outline outline_;
};

}  // namespace

std::string Outline::qualified_name(std::size_t symbol) const {
  std::string name = symbols[symbol].names.front();
  for (std::ptrdiff_t at = symbols[symbol].parent; at >= 0; at = symbols[at].parent)
    name.insert(0, symbols[at].names.front() + ".");
  return name;
}

Result<Outline> outline_of(std::string_view text, const Grammar& grammar, const std::stop_token& stop,
                           std::chrono::microseconds time) {
  Result<SyntaxTree> tree = parse(text, grammar, stop, time);
  if (!tree.ok()) return tree.error();
  Walk walk(grammar, text, stop);
  if (!walk.run(ts_tree_root_node(tree->get())))
    return Error{Error::Code::Stopped, "could not be outlined: stopped by the user"};
  return walk.take();
}

}  // namespace facet::tools::code
