#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace facet::tools {

// What a change does to a text, as a unified diff without names of files: hunks with three lines around each change. Of
// a long one the first `most_lines` lines, and how many more there are. Meant for a person who is to decide: characters
// that can not be seen are written out, except tabulators.
std::string unified_diff(std::string_view before, std::string_view after, std::size_t most_lines = 400);

}  // namespace facet::tools
