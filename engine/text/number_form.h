#pragma once

#include <optional>

#include "engine/text/byte_automaton.h"

namespace facet::engine {

// Which numbers, and how they are written in JSON. They are bounded in length, so that a model can not write digits for
// ever, and in size, so that every one of them can be read exactly or to double precision.
struct NumberForm {
  bool whole = false;
  std::optional<double> least = {};
  std::optional<double> most = {};
  bool excludes_least = false;
  bool excludes_most = false;
};

// Nothing when there is no such number of at most 18 digits (15 where there are bounds and it is not whole).
std::optional<ByteAutomaton> number_automaton(const NumberForm& form);

}  // namespace facet::engine
