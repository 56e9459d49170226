#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace facet::engine {

// Angles per position of the pairs (i, i + head_dim / 2): base^(-2i / head_dim), divided by the file's factors where
// there are some. A factor that is practically infinite stops its pair; the stopped pairs at the end are left out.
std::vector<double> rope_frequencies(double base, std::uint32_t head_dim, std::span<const float> factors);

}  // namespace facet::engine
