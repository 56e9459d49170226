#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/text/byte_automaton.h"

namespace facet::engine {

// How characters are written. Raw: as they are, in UTF-8. Json: as inside of a JSON string, with its escapes.
enum class Writing { Raw, Json };

// Any text: the automaton comes back to its first state, which alone accepts, behind each character.
std::shared_ptr<const ByteAutomaton> free_text(Writing writing);

// The texts that a regular expression of ECMA-262 finds something in, of a length in characters. What describes no
// automaton, or one that is too large, is an error: references back, looking around, word borders.
struct TextLength {
  std::uint32_t least = 0;
  std::optional<std::uint32_t> most = {};
};
Result<ByteAutomaton> pattern_automaton(const std::string& pattern, Writing writing, const TextLength& length = {});

}  // namespace facet::engine
