#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/text/tokenizer.h"

namespace facet::engine {

// A token that may come next.
struct Candidate {
  Token token = 0;
  float logit = 0;
};

// Fills `best` with the `count` largest logits and their tokens, the largest first and of equals the lower id first;
// with all of them where there are fewer. What is no number counts as larger than every number.
void select_top(std::span<const float> logits, std::size_t count, std::vector<Candidate>& best);

// Puts candidates in that order.
void sort_candidates(std::span<Candidate> candidates);

}  // namespace facet::engine
