#include "engine/model/rope_frequencies.h"

#include <cmath>

namespace facet::engine {

std::vector<double> rope_frequencies(double base, std::uint32_t head_dim, std::span<const float> factors) {
  // Writers mark a pair that does not rotate with 1e30: less than 1e-20 radians at the longest context.
  constexpr double kStopped = 1e25;
  std::vector<double> frequencies(head_dim / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double factor = i < factors.size() ? static_cast<double>(factors[i]) : 1.0;
    const double exponent = -2.0 * static_cast<double>(i) / head_dim;
    frequencies[i] = factor >= kStopped ? 0.0 : std::pow(base, exponent) / factor;
  }
  while (!frequencies.empty() && frequencies.back() == 0.0)
    frequencies.pop_back();
  return frequencies;
}

}  // namespace facet::engine
