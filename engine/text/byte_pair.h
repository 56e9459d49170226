#pragma once

#include <string_view>
#include <vector>

#include "engine/text/merge_table.h"
#include "engine/text/vocabulary.h"

namespace facet::engine {

// Byte-pair merging of one run of text (spaces already replaced): its characters merge, the pair with the lowest rank
// first and the leftmost of equals, until no pair is in the table. What is left is appended to `out`; a character that
// is no entry becomes its bytes. O(n log n).
void append_merged(const Vocabulary& vocabulary, const MergeTable& merges, std::string_view run,
                   std::vector<Token>& out);

}  // namespace facet::engine
