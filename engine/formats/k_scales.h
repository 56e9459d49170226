#pragma once

#include <cstddef>
#include <cstdint>

namespace facet::engine {

struct KScale {
  std::uint32_t scale;
  std::uint32_t minimum;
};

// The 6-bit scale and minimum of group `k` (0..7) of a Q4_K or Q5_K block, packed in 12 bytes: the first four groups
// use the low six bits of bytes 0..7, the last four the nibbles of bytes 8..11 with their top bits in the first eight.
inline KScale k_scale(const std::byte* packed, std::size_t k) {
  const auto at = [packed](std::size_t i) { return std::to_integer<std::uint32_t>(packed[i]); };
  if (k < 4) return {at(k) & 63U, at(k + 4) & 63U};
  return {(at(k + 4) & 15U) | ((at(k - 4) >> 6U) << 4U), (at(k + 4) >> 4U) | ((at(k) >> 6U) << 4U)};
}

}  // namespace facet::engine
