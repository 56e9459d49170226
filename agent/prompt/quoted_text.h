#pragma once

#include <optional>
#include <string>

#include "agent/prompt/call_reader.h"

namespace facet::agent {

// A JSON or Python string in plain quotes, which models write where delimiters belong.
struct QuotedText {
  std::string text;
  std::size_t end = 0;  // behind the closing quote
};

// Reads the string whose opening quote is at `begin`. It ends at the first quote of that kind that is not escaped and
// is followed, after white space, by one of `followers`, a delimiter or the end. Nothing when there is no such quote.
std::optional<QuotedText> read_quoted(std::u16string_view symbols, std::size_t begin, std::string_view followers);

}  // namespace facet::agent
