#include "engine/text/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/base/check.h"

namespace facet::engine {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

// With top-k off the candidates are taken in portions: the first ones hold nearly all of the probability.
constexpr std::size_t kPortion = 256;

// Sorts and drops what is there more than once.
void sort_unique(std::vector<Token>& tokens) {
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
}

bool contains(const std::vector<Token>& sorted, Token token) {
  return std::binary_search(sorted.begin(), sorted.end(), token);
}

void keep_only(std::span<float> logits, const TokenMask& allowed) {
  const std::span<const std::uint64_t> words = allowed.words();
  for (std::size_t i = 0; i < logits.size(); ++i)
    if (i >= allowed.size() || (words[i / 64] >> (i % 64) & 1U) == 0) logits[i] = kNever;
}

}  // namespace

Sampler::Sampler(const Sampling& sampling, std::span<const Token> suppressed)
    : sampling_(sampling), suppressed_(suppressed.begin(), suppressed.end()), random_(sampling.seed) {
  sort_unique(suppressed_);
}

void Sampler::bar(std::span<const Token> tokens) {
  barred_.assign(tokens.begin(), tokens.end());
  sort_unique(barred_);
}

Token Sampler::sample(std::span<float> logits, std::span<const Token> history, const Tokenizer* tokenizer,
                      const TokenMask* allowed) {
  FACET_CHECK(!logits.empty());
  if (allowed != nullptr) keep_only(logits, *allowed);
  for (float& logit : logits) {
    if (std::isnan(logit)) logit = kNever;
  }
  const auto is_there = [&](Token token) { return token >= 0 && static_cast<std::size_t>(token) < logits.size(); };
  for (const std::vector<Token>* tokens : {&suppressed_, &barred_})
    for (const Token token : *tokens)
      if (is_there(token)) logits[static_cast<std::size_t>(token)] = kNever;
  find_recent(history, tokenizer);
  for (const Token token : recent_) {
    if (!is_there(token)) continue;
    float& logit = logits[static_cast<std::size_t>(token)];
    logit = penalised(logit);
  }
  const bool greedy = !(sampling_.temperature > 0.0F);
  const auto top_k = static_cast<std::size_t>(std::max(sampling_.top_k, 0));
  select_top(logits, greedy ? 1 : top_k == 0 ? kPortion : top_k, candidates_);
  const Token drawn = draw(logits);
  // Where every logit is infinitely low the draw is of all tokens.
  return allowed == nullptr || allowed->contains(drawn) ? drawn : allowed->first();
}

// Those that are suppressed or penalised fall behind others, by at most so many places as there are of them.
std::size_t Sampler::candidates_needed() const {
  const bool greedy = !(sampling_.temperature > 0.0F);
  if (!greedy && sampling_.top_k <= 0) return 0;
  // A reward may lift any token into the first places.
  if (has_penalty() && sampling_.repetition_penalty < 1.0F) return 0;
  const std::size_t penalties = has_penalty() ? static_cast<std::size_t>(std::max(sampling_.repetition_window, 0)) : 0;
  return (greedy ? 1 : static_cast<std::size_t>(sampling_.top_k)) + suppressed_.size() + barred_.size() + penalties;
}

Token Sampler::sample_from(std::span<Candidate> largest, std::span<const Token> history, const Tokenizer* tokenizer) {
  FACET_CHECK(!largest.empty() && candidates_needed() > 0);
  find_recent(history, tokenizer);
  for (Candidate& candidate : largest) {
    if (std::isnan(candidate.logit) || contains(suppressed_, candidate.token) || contains(barred_, candidate.token)) {
      candidate.logit = kNever;
    } else if (contains(recent_, candidate.token)) {
      candidate.logit = penalised(candidate.logit);
    }
  }
  sort_candidates(largest);
  const bool greedy = !(sampling_.temperature > 0.0F);
  const std::size_t kept = greedy ? 1 : static_cast<std::size_t>(sampling_.top_k);
  candidates_.assign(largest.begin(), largest.begin() + static_cast<std::ptrdiff_t>(std::min(kept, largest.size())));
  return draw({});
}

// From the candidates, best first. `logits` are all that they were chosen from, where top-k is off.
Token Sampler::draw(std::span<const float> logits) {
  const bool greedy = !(sampling_.temperature > 0.0F);
  if (greedy || !std::isfinite(candidates_.front().logit)) return candidates_.front().token;
  keep_top_p(logits);
  keep_min_p();

  weights_.clear();
  for (const Candidate& candidate : candidates_)
    weights_.push_back(weight(candidate));
  double rest = uniform() * std::accumulate(weights_.begin(), weights_.end(), 0.0);
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    rest -= weights_[i];
    if (rest < 0.0) return candidates_[i].token;
  }
  return candidates_.back().token;
}

bool Sampler::has_penalty() const {
  return sampling_.repetition_penalty != 1.0F && sampling_.repetition_penalty > 0.0F;
}

// Pushes what was said recently away: positive logits are divided by the penalty, negative ones multiplied.
float Sampler::penalised(float logit) const {
  return logit > 0.0F ? logit / sampling_.repetition_penalty : logit * sampling_.repetition_penalty;
}

void Sampler::find_recent(std::span<const Token> history, const Tokenizer* tokenizer) {
  recent_.clear();
  if (!has_penalty()) return;
  const auto window = static_cast<std::size_t>(std::max(sampling_.repetition_window, 0));
  for (const Token token : history.last(std::min(window, history.size())))
    if (tokenizer == nullptr || token < 0 || tokenizer->kind(token) != Tokenizer::Kind::Marker)
      recent_.push_back(token);
  sort_unique(recent_);
}

// Keeps the smallest number of best candidates that reach top-p together.
void Sampler::keep_top_p(std::span<const float> logits) {
  const bool complete = sampling_.top_k > 0;  // candidates_ is all that top-k has left
  if (!(sampling_.top_p < 1.0F)) {
    if (!complete) select_top(logits, logits.size(), candidates_);
    return;
  }
  double total = 0.0;
  if (complete) {
    for (const Candidate& candidate : candidates_)
      total += weight(candidate);
  } else {
    for (const float logit : logits)
      total += weight({0, logit});
  }
  const double wanted = std::max(0.0, double{sampling_.top_p}) * total;
  std::size_t portion = kPortion;
  while (!cut_at(wanted) && !complete && portion < logits.size()) {
    portion *= 8;
    select_top(logits, portion, candidates_);
  }
}

// Drops what follows the candidate with which the sum of weights reaches `wanted`; false when none does.
bool Sampler::cut_at(double wanted) {
  double sum = 0.0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    sum += weight(candidates_[i]);
    if (sum < wanted) continue;
    candidates_.resize(i + 1);
    return true;
  }
  return false;
}

void Sampler::keep_min_p() {
  const double least = double{sampling_.min_p} * weight(candidates_.front());
  while (candidates_.size() > 1 && (weight(candidates_.back()) < least || weight(candidates_.back()) <= 0.0))
    candidates_.pop_back();
}

// How probable a logit is in proportion to the best one.
double Sampler::weight(const Candidate& candidate) const {
  return std::exp((double{candidate.logit} - double{candidates_.front().logit}) / double{sampling_.temperature});
}

// In [0, 1), from the upper 53 bits, so that every standard library draws the same.
double Sampler::uniform() {
  return static_cast<double>(random_() >> 11U) * 0x1p-53;
}

}  // namespace facet::engine
