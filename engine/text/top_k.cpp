#include "engine/text/top_k.h"

#include <algorithm>
#include <cmath>

namespace facet::engine {
namespace {

bool is_better(const Candidate& a, const Candidate& b) {
  if (std::isnan(a.logit) != std::isnan(b.logit)) return std::isnan(a.logit);
  return a.logit != b.logit && !std::isnan(a.logit) ? a.logit > b.logit : a.token < b.token;
}

}  // namespace

// A heap of `count` suffices; the vocabulary is never sorted.
void select_top(std::span<const float> logits, std::size_t count, std::vector<Candidate>& best) {
  best.clear();
  if (count == 0) return;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const Candidate candidate{static_cast<Token>(i), logits[i]};
    if (best.size() == count) {
      // The worst of the best is in front. Nearly all end at the first comparison.
      if (candidate.logit <= best.front().logit || !is_better(candidate, best.front())) continue;
      std::pop_heap(best.begin(), best.end(), is_better);
      best.pop_back();
    }
    best.push_back(candidate);
    std::push_heap(best.begin(), best.end(), is_better);
  }
  std::sort_heap(best.begin(), best.end(), is_better);
}

void sort_candidates(std::span<Candidate> candidates) {
  std::sort(candidates.begin(), candidates.end(), is_better);
}

}  // namespace facet::engine
