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

// The same the other way; `packed` must be zero before the first group. Only the low six bits of both count.
inline void set_k_scale(std::byte* packed, std::size_t k, const KScale& value) {
  const auto put = [packed](std::size_t i, std::uint32_t bits) { packed[i] |= static_cast<std::byte>(bits); };
  if (k < 4) {
    put(k, value.scale);
    put(k + 4, value.minimum);
    return;
  }
  put(k + 4, (value.scale & 15U) | ((value.minimum & 15U) << 4U));
  put(k - 4, (value.scale >> 4U) << 6U);
  put(k, (value.minimum >> 4U) << 6U);
}

}  // namespace facet::engine
