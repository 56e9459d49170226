#pragma once

#include <tree_sitter/api.h>

#include <string_view>
#include <vector>

#include "tools/code/outline.h"

// What is a symbol in the trees of a language: one file each, named by the language. The types and fields of nodes are
// those of the grammar (grammars/package.json), which the README of this folder says how to look at.
namespace facet::tools::code {

// A node that may be a symbol, and where it stands.
struct Site {
  TSNode node;
  const std::vector<TSNode>& ancestors;  // the root first, the parent last
  const Symbol* enclosing = nullptr;     // the symbol around it
  std::string_view text;                 // the whole source

  // The ancestor so many levels up; 1 is the parent. Null beyond the root.
  TSNode ancestor(std::size_t levels) const {
    return levels > ancestors.size() ? TSNode{} : ancestors[ancestors.size() - levels];
  }
};

enum class Inside { Searched, Closed };  // whether symbols are looked for in it

struct SymbolRule {
  const char* node = "";
  SymbolKind kind = SymbolKind::Function;
  // Fills in the names, and what else it knows better; without names the node is no symbol, but there may be some
  // inside.
  void (*describe)(const Site& site, Symbol& symbol) = nullptr;  // null: the field "name" is the name
  Inside inside = Inside::Searched;
};

struct LanguageRules {
  std::vector<SymbolRule> symbols;
  std::vector<const char*> wrappers;  // belong to the symbol inside: "export", "template <typename T>", decorators
  std::vector<const char*> leads;     // belong to the symbol behind them: comments, attributes
  std::vector<const char*> dropped;   // left out of signatures, besides comments
  std::vector<const char*> stops;     // bodies: signatures end before them
  std::vector<const char*> skipped;   // nothing in them is a symbol
  // Where a tree does not show how symbols are nested: adds all of them at once.
  void (*collect)(TSNode root, std::string_view text, std::vector<Symbol>& symbols) = nullptr;
};

const LanguageRules& bash_rules();
const LanguageRules& c_rules();
const LanguageRules& cpp_rules();
const LanguageRules& css_rules();
const LanguageRules& go_rules();
const LanguageRules& html_rules();
const LanguageRules& java_rules();
const LanguageRules& javascript_rules();
const LanguageRules& json_rules();
const LanguageRules& markdown_rules();
const LanguageRules& python_rules();
const LanguageRules& rust_rules();
const LanguageRules& typescript_rules();

}  // namespace facet::tools::code
