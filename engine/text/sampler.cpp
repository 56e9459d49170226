#include "engine/text/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/check.h"

namespace facet::engine {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

// With top-k off the candidates are taken in portions: the first ones hold nearly all of the probability.
constexpr std::size_t kPortion = 256;

}  // namespace

Sampler::Sampler(const Sampling& sampling, std::span<const Token> suppressed)
    : sampling_(sampling), suppressed_(suppressed.begin(), suppressed.end()), random_(sampling.seed) {}

Token Sampler::sample(std::span<float> logits, std::span<const Token> history, const Tokenizer* tokenizer) {
  FACET_CHECK(!logits.empty());
  for (float& logit : logits) {
    if (std::isnan(logit)) logit = kNever;
  }
  for (const Token token : suppressed_) {
    if (token >= 0 && static_cast<std::size_t>(token) < logits.size()) logits[static_cast<std::size_t>(token)] = kNever;
  }
  penalise(logits, history, tokenizer);

  const bool greedy = !(sampling_.temperature > 0.0F);
  const auto top_k = static_cast<std::size_t>(std::max(sampling_.top_k, 0));
  select_top(logits, greedy ? 1 : top_k == 0 ? kPortion : top_k);
  if (greedy || !std::isfinite(candidates_.front().logit)) return candidates_.front().token;
  keep_top_p(logits);
  keep_min_p();

  double total = 0.0;
  for (const Candidate& candidate : candidates_)
    total += candidate.weight;
  double rest = uniform() * total;
  for (const Candidate& candidate : candidates_) {
    rest -= candidate.weight;
    if (rest < 0.0) return candidate.token;
  }
  return candidates_.back().token;
}

// Pushes what was said recently away: positive logits are divided by the penalty, negative ones multiplied.
void Sampler::penalise(std::span<float> logits, std::span<const Token> history, const Tokenizer* tokenizer) const {
  const float penalty = sampling_.repetition_penalty;
  if (penalty == 1.0F || !(penalty > 0.0F)) return;
  const auto window = static_cast<std::size_t>(std::max(sampling_.repetition_window, 0));
  std::vector<Token> recent(history.end() - static_cast<std::ptrdiff_t>(std::min(window, history.size())),
                            history.end());
  std::sort(recent.begin(), recent.end());
  recent.erase(std::unique(recent.begin(), recent.end()), recent.end());
  for (const Token token : recent) {
    if (token < 0 || static_cast<std::size_t>(token) >= logits.size()) continue;
    if (tokenizer != nullptr && tokenizer->kind(token) == Tokenizer::Kind::Marker) continue;
    float& logit = logits[static_cast<std::size_t>(token)];
    logit = logit > 0.0F ? logit / penalty : logit * penalty;
  }
}

// Fills candidates_ with the `count` best, best first. A heap of that size suffices; the vocabulary is never sorted.
void Sampler::select_top(std::span<const float> logits, std::size_t count) {
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  };
  candidates_.clear();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (candidates_.size() == count) {
      // The worst of the best is in front. An equal logit with a higher id does not replace it.
      if (logits[i] <= candidates_.front().logit) continue;
      std::pop_heap(candidates_.begin(), candidates_.end(), better);
      candidates_.pop_back();
    }
    candidates_.push_back({static_cast<Token>(i), logits[i]});
    std::push_heap(candidates_.begin(), candidates_.end(), better);
  }
  std::sort_heap(candidates_.begin(), candidates_.end(), better);
  for (Candidate& candidate : candidates_)
    candidate.weight = weight(candidate.logit);
}

// Keeps the smallest number of best candidates that reach top-p together.
void Sampler::keep_top_p(std::span<const float> logits) {
  const bool complete = sampling_.top_k > 0;  // candidates_ is all that top-k has left
  if (!(sampling_.top_p < 1.0F)) {
    if (!complete) select_top(logits, logits.size());
    return;
  }
  double total = 0.0;
  if (complete) {
    for (const Candidate& candidate : candidates_)
      total += candidate.weight;
  } else {
    for (const float logit : logits)
      total += weight(logit);
  }
  const double wanted = std::max(0.0, double{sampling_.top_p}) * total;
  std::size_t portion = kPortion;
  while (!cut_at(wanted) && !complete && portion < logits.size()) {
    portion *= 8;
    select_top(logits, portion);
  }
}

// Drops what follows the candidate with which the sum of weights reaches `wanted`; false when none does.
bool Sampler::cut_at(double wanted) {
  double sum = 0.0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    sum += candidates_[i].weight;
    if (sum < wanted) continue;
    candidates_.resize(i + 1);
    return true;
  }
  return false;
}

void Sampler::keep_min_p() {
  const double least = double{sampling_.min_p} * candidates_.front().weight;
  while (candidates_.size() > 1 && (candidates_.back().weight < least || candidates_.back().weight <= 0.0))
    candidates_.pop_back();
}

// How probable a logit is in proportion to the best one.
double Sampler::weight(float logit) const {
  return std::exp((double{logit} - double{candidates_.front().logit}) / double{sampling_.temperature});
}

// In [0, 1), from the upper 53 bits, so that every standard library draws the same.
double Sampler::uniform() {
  return static_cast<double>(random_() >> 11U) * 0x1p-53;
}

}  // namespace facet::engine
