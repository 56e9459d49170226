#include "engine/trial/ability.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace facet::engine {
namespace {

// Of a turn: what was typed, attached or found by a tool, and the answer.
constexpr double kTokensRead = 400;
constexpr double kTokensAnswered = 150;

double seconds_of_turn(const TokenCost& cost) {
  return kTokensRead * cost.prefill + kTokensAnswered * cost.decode;
}

bool is_time(double seconds) {
  return std::isfinite(seconds) && seconds > 0;
}

}  // namespace

bool TokenCost::is_known() const {
  return is_time(decode) && is_time(prefill);
}

double speedup(const Ability& ability, double part) {
  if (!ability.is_known()) return 0;
  const double on_device = std::clamp(part, 0.0, 1.0);
  const double alone = seconds_of_turn(ability.cpu);
  return alone / (on_device * seconds_of_turn(ability.device) + (1 - on_device) * alone);
}

std::string describe(const Ability& ability) {
  if (!ability.is_known()) return {};
  char text[160];
  std::snprintf(text, sizeof text, "decodes in %.2f ms and reads in %.2f ms a token, the CPU in %.2f ms and %.2f ms",
                ability.device.decode * 1e3, ability.device.prefill * 1e3, ability.cpu.decode * 1e3,
                ability.cpu.prefill * 1e3);
  return text;
}

}  // namespace facet::engine
