#pragma once

#include <cstdint>

namespace facet::agent {

// When a turn ends although the model would go on. Each ending is told to the user.
struct TurnLimits {
  int steps = 50;                                     // runs of the model
  std::int64_t run_tokens = 2048;                     // written in one run, thoughts not counted
  std::int64_t turn_tokens = std::int64_t{64} * 1024;  // written in all of them
  std::int64_t milliseconds = std::int64_t{60} * 60 * 1000;  // what the user was waited for not counted
};

}  // namespace facet::agent
