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

inline float load_half(const std::byte* address) {
  return half_to_float(load_unaligned<std::uint16_t>(address));
}

}  // namespace facet::engine
