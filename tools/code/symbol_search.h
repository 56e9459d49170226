#pragma once

#include <string>
#include <vector>

#include "tools/code/outline.h"

namespace facet::tools::code {

// Places in the outline of the symbols that a name means: "lift", "Crane.lift", "Crane::lift", "lift()", a heading with
// or without its signs. Those that are written exactly so, and only without any, those that differ in case.
std::vector<std::size_t> find_symbols(const Outline& outline, const std::string& name);

// Qualified names that a mistaken name could have meant, the best first, at most `most`.
std::vector<std::string> near_names(const Outline& outline, const std::string& name, std::size_t most = 5);

}  // namespace facet::tools::code
