#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace facet::agent {

// How much of a text stands before it begins to repeat itself as only a model does that has lost its way: the same word
// eight times in a row, two or three words five times, up to seven words four times, longer ones three times, or a few
// letters of one word a dozen times. The first of the repetitions belongs to what stands before. Nothing where it does
// not. Characters of scripts that put no spaces between words count as words.
std::optional<std::size_t> length_before_repetition(std::string_view text);

}  // namespace facet::agent
