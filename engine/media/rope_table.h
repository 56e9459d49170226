#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace facet::engine {

// The angles of the rotary embedding of a picture's encoder. A head has two halves of s = head_dim / 2 values; the
// first is rotated by the column of the patch, the second by its row, each with the same table. Inside a half value j
// and value j + s / 2 are a pair, for j = 0 to s / 2 - 1, and position p turns it by p * 100^(-2j / s):
//   out[j]         = v[j] * cos - v[j + s / 2] * sin
//   out[j + s / 2] = v[j + s / 2] * cos + v[j] * sin
struct RopeTable {
  std::uint32_t pairs = 0;  // s / 2, of one half
  std::vector<float> cosines;
  std::vector<float> sines;  // as the cosines: one row of `pairs` for each position

  const float* cosines_of(std::size_t position) const { return &cosines[position * pairs]; }
  const float* sines_of(std::size_t position) const { return &sines[position * pairs]; }
};

// For positions 0 to `positions` - 1. Angles are computed in double precision. Precondition: 4 divides the head.
RopeTable rope_table(std::uint32_t head_dim, std::uint32_t positions);

}  // namespace facet::engine
