#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "tools/code/grammar.h"
#include "tools/code/syntax_tree.h"

namespace facet::tools::code {

// Module: what other symbols are in and nothing else, such as a namespace. Part: a section, a key, an element, a rule.
enum class SymbolKind { Module, Type, Function, Value, Part };

// Something in a source that has a name. Lines are counted from 1.
struct Symbol {
  SymbolKind kind = SymbolKind::Function;
  std::vector<std::string> names;  // at least one: "int a, b;" has two
  std::string signature;           // on one line: "void draw(Painter& painter) const"
  std::int64_t lead_line = 0;      // where the comments and decorators directly above it begin
  std::int64_t first_line = 0;
  std::int64_t last_line = 0;
  std::size_t depth = 0;
  std::ptrdiff_t parent = -1;  // its place in the outline, which is before this one; -1 at the top
};

// The symbols of a source, each before those inside it.
struct Outline {
  std::vector<Symbol> symbols;
  std::int64_t error_line = 0;  // near the first thing that is not of the language; 0 when everything is

  // The names of the symbols around it and its own, with dots between: "harbor.Crane.lift".
  std::string qualified_name(std::size_t symbol) const;
};

// The outline of UTF-8 text without NUL characters. Errors as of parse.
Result<Outline> outline_of(std::string_view text, const Grammar& grammar, const std::stop_token& stop,
                           std::chrono::microseconds time = kParseTime);

}  // namespace facet::tools::code
