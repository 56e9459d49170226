#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "engine/text/token_mask.h"
#include "engine/text/tokenizer.h"
#include "engine/text/top_k.h"

namespace facet::engine {

// How the next token is chosen. The defaults are the publisher's; a model file may carry its own.
struct Sampling {
  float temperature = 1.0F;  // 0 takes the most probable token
  int top_k = 64;            // 0 switches it off
  float top_p = 0.95F;
  float min_p = 0.0F;
  float repetition_penalty = 1.0F;
  int repetition_window = 64;  // tokens looked back at
  std::uint64_t seed = 0;
};

// Chooses tokens from logits. The same seed, settings and logits give the same tokens on every platform. Owned by one
// generation; not thread-safe.
class Sampler {
 public:
  Sampler(const Sampling& sampling, std::span<const Token> suppressed);

  // `logits` has one value per vocabulary entry (at least one) and is changed in place. `history` is what came before,
  // newest last; the repetition penalty looks at its end. Markers (all special tokens) are exempt from that penalty.
  // Order: suppression, penalty, temperature, top-k, top-p, min-p, draw. Each step works on what the one before has
  // left, as if its probabilities added up to one. Of equal logits the lower id comes first. A logit that is no number
  // is never chosen. With `allowed`, which has at least one token, nothing else is, whatever the logits; that comes
  // before all other steps.
  Token sample(std::span<float> logits, std::span<const Token> history, const Tokenizer* tokenizer = nullptr,
               const TokenMask* allowed = nullptr);

  // From now on these are suppressed, too, until others are named.
  void bar(std::span<const Token> tokens);

  // How many of the largest logits decide what is drawn, whatever all others are; 0: all of them do.
  std::size_t candidates_needed() const;
  // The same draw from so many of the largest logits, or all where there are fewer. They are changed in place.
  Token sample_from(std::span<Candidate> largest, std::span<const Token> history, const Tokenizer* tokenizer = nullptr);

 private:
  bool has_penalty() const;
  float penalised(float logit) const;
  void find_recent(std::span<const Token> history, const Tokenizer* tokenizer);
  Token draw(std::span<const float> logits);
  void keep_top_p(std::span<const float> logits);
  bool cut_at(double wanted);
  void keep_min_p();
  double weight(const Candidate& candidate) const;
  double uniform();

  Sampling sampling_;
  std::vector<Token> suppressed_;  // sorted, each once
  std::vector<Token> barred_;      // the same
  std::mt19937_64 random_;
  std::vector<Token> recent_;          // that the penalty is for; sorted, each once
  std::vector<Candidate> candidates_;  // best first
  std::vector<double> weights_;        // theirs, not normalised
};

}  // namespace facet::engine
