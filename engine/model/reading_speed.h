#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "engine/model/config.h"

namespace facet::engine {

// How fast this engine has read prompts on this machine lately. The thread that evaluates adds to it; any may ask.
class ReadingSpeed {
 public:
  // So many tokens were evaluated at once. What is fewer than a chunk tells little about long prompts: ignored.
  void add(std::uint32_t tokens, double seconds);

  // Nothing before the first measurement.
  std::optional<double> seconds_for(std::uint64_t tokens) const;

 private:
  std::atomic<double> seconds_per_token_{0};  // 0: not known
};

// The number of tokens below which a chunk wastes time: the weights are unpacked once for each, and of experts every
// one serves a few of its tokens.
std::uint32_t least_chunk(const ModelConfig& config);

// Tokens to evaluate at once. A stop, and a turn for another conversation, wait for a chunk at most, so it shall be
// done in a quarter of a second; as far as that wastes no time. Results do not depend on it.
std::uint32_t choose_chunk(const ReadingSpeed& speed, std::uint32_t least, std::uint32_t largest);

}  // namespace facet::engine
