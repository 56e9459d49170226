#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "engine/base/byte_reader.h"

namespace facet::engine {

// IEEE half to float, exact for every input and without a branch. The bits moved to a float's places are the value
// times 2^-112, for subnormals too; what was infinite or not a number then lacks the top bits of its exponent.
inline float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16U;
  const float magnitude = std::bit_cast<float>(static_cast<std::uint32_t>(half & 0x7fffU) << 13U) * 0x1p112F;
  const std::uint32_t missing = magnitude >= 65536.0F ? 0x7f800000U : 0U;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | missing | sign);
}

inline float bfloat_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

// Float to IEEE half, rounded to nearest even; what is too large becomes infinite.
inline std::uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16U) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return static_cast<std::uint16_t>(sign | 0x7e00U);
  // 65520 is the first value that rounds beyond the largest half.
  if (magnitude >= 0x477ff000U) return static_cast<std::uint16_t>(sign | 0x7c00U);
  // Below 2^-14 halves are multiples of 2^-24; adding 0.5 puts these into the last bits of a float, rounded.
  if (magnitude < 0x38800000U) {
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000U));
  }
  const std::uint32_t odd = (magnitude >> 13U) & 1U;
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000U + 0xfffU + odd) >> 13U));
}

// Rounded to nearest even; what is not a number stays that.
inline std::uint16_t float_to_bfloat(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U);
}

inline float load_half(const std::byte* address) {
  return half_to_float(load_unaligned<std::uint16_t>(address));
}

}  // namespace facet::engine
