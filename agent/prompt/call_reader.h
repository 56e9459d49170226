#pragma once

#include <string>
#include <string_view>

#include "agent/prompt/reply_parser.h"

// Reads the inside of one tool call: `call:NAME{key:value,...}`, where strings stand between delimiter tokens.
namespace facet::agent {

// A call as symbols: bytes, and the string delimiter as a symbol of its own that no byte can be mistaken for.
using CallSymbols = std::u16string;
inline constexpr char16_t kDelimiterSymbol = 0x100;

void append_symbols(CallSymbols& symbols, std::string_view text);
// The bytes, delimiters left out.
std::string symbol_text(std::u16string_view symbols);

// How much noise is accepted. Each step is tried when all before it have failed.
enum class Reading {
  Strict,  // the grammar alone, with white space between elements
  // Quoted keys, quotes instead of delimiters, a missing opening delimiter, bare words, parentheses, code fences, JSON.
  Noise,
  UnclosedString,  // and the last string is never closed
  RawRest,         // and the rest belongs to a parameter that is declared as a string
  OwedBraces,      // and braces are missing at the end
};

// Reads a complete call as far as `most` allows. On failure the call has a problem, and its name where that was clear.
// `raw` is left to the caller.
ParsedCall read_call(const CallSymbols& symbols, const Json& tools, Reading most);

// The parameters of a declared tool: its schema, or null where it is not declared.
const Json* declared_tool(const Json& tools, std::string_view name);

}  // namespace facet::agent
