#include <algorithm>
#include <cmath>
#include <cstdint>

#include "engine/formats/encode.h"
#include "engine/formats/half.h"

// The reference quantisation of the formats with blocks of 32. The codes are computed with the scale before it is
// rounded to a half, and division by the scale is multiplication by its reciprocal: both decide over single codes.
namespace facet::engine {
namespace {

constexpr std::size_t kBlock = 32;
constexpr std::size_t kHalf = 16;

// The first of the values with the largest magnitude, with its sign.
float extreme(const float* values) {
  float largest = 0;
  float extreme = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const float magnitude = std::abs(values[i]);
    if (magnitude > largest) {
      largest = magnitude;
      extreme = values[i];
    }
  }
  return extreme;
}

// Zero as well where the reciprocal would be infinite: a scale that small is zero as a half.
float reciprocal(float value) {
  return std::abs(value) >= 0x1p-126F ? 1.0F / value : 0.0F;
}

// A code of `levels` values around the middle one.
int centred_code(float scaled, int levels) {
  return std::min(levels - 1, static_cast<int>(scaled + static_cast<float>(levels / 2) + 0.5F));
}

}  // namespace

// d f16@0, codes@2
void encode_q4_0(const float* values, std::byte* blocks, std::size_t count) {
  for (; count > 0; count -= kBlock, values += kBlock, blocks += 18) {
    const float scale = extreme(values) / -8.0F;
    const float inverse = reciprocal(scale);
    store_unaligned(blocks, float_to_half(scale));
    for (std::size_t l = 0; l < kHalf; ++l) {
      const int low = centred_code(values[l] * inverse, 16);
      const int high = centred_code(values[l + kHalf] * inverse, 16);
      blocks[2 + l] = static_cast<std::byte>(low | (high << 4));
    }
  }
}

// d f16@0, fifth bits u32@2, codes@6
void encode_q5_0(const float* values, std::byte* blocks, std::size_t count) {
  for (; count > 0; count -= kBlock, values += kBlock, blocks += 22) {
    const float scale = extreme(values) / -16.0F;
    const float inverse = reciprocal(scale);
    store_unaligned(blocks, float_to_half(scale));
    std::uint32_t fifths = 0;
    for (std::size_t l = 0; l < kHalf; ++l) {
      const int low = centred_code(values[l] * inverse, 32);
      const int high = centred_code(values[l + kHalf] * inverse, 32);
      blocks[6 + l] = static_cast<std::byte>((low & 15) | ((high & 15) << 4));
      fifths |= static_cast<std::uint32_t>(low >> 4) << l;
      fifths |= static_cast<std::uint32_t>(high >> 4) << (l + kHalf);
    }
    store_unaligned(blocks + 2, fifths);
  }
}

// d f16@0, codes i8@2
void encode_q8_0(const float* values, std::byte* blocks, std::size_t count) {
  for (; count > 0; count -= kBlock, values += kBlock, blocks += 34) {
    const float scale = std::abs(extreme(values)) / 127.0F;
    const float inverse = reciprocal(scale);
    store_unaligned(blocks, float_to_half(scale));
    for (std::size_t i = 0; i < kBlock; ++i)
      blocks[2 + i] = static_cast<std::byte>(static_cast<std::int8_t>(std::round(values[i] * inverse)));
  }
}

}  // namespace facet::engine
