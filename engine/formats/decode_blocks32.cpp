#include <bit>
#include <cstdint>

#include "engine/formats/decode.h"
#include "engine/formats/four_bit_tables.h"
#include "engine/formats/half.h"

namespace facet::engine {
namespace {

constexpr std::size_t kBlock = 32;

std::uint32_t byte_at(const std::byte* address) {
  return std::to_integer<std::uint32_t>(*address);
}

// Elements i and i + 16 share a byte: the first half of the block sits in the low nibbles, the second in the high ones.
std::uint32_t split_nibble(const std::byte* codes, std::size_t i) {
  return i < 16 ? byte_at(codes + i) & 15U : byte_at(codes + i - 16) >> 4U;
}

// Calls `element(block, i)` for every element of every block of `block_bytes` bytes.
template <typename Element>
void for_each_element(const std::byte* blocks, std::size_t block_bytes, float* out, std::size_t count,
                      Element element) {
  for (std::size_t first = 0; first < count; first += kBlock, blocks += block_bytes)
    for (std::size_t i = 0; i < kBlock; ++i)
      out[first + i] = element(blocks, i);
}

}  // namespace

// d f16@0, codes@2; (n - 8) * d
void decode_q4_0(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 18, out, count, [](const std::byte* block, std::size_t i) {
    return static_cast<float>(static_cast<int>(split_nibble(block + 2, i)) - 8) * load_half(block);
  });
}

// d f16@0, m f16@2, codes@4; n * d + m
void decode_q4_1(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 20, out, count, [](const std::byte* block, std::size_t i) {
    return static_cast<float>(split_nibble(block + 4, i)) * load_half(block) + load_half(block + 2);
  });
}

// d f16@0, fifth bits u32@2, codes@6; (n - 16) * d
void decode_q5_0(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 22, out, count, [](const std::byte* block, std::size_t i) {
    const std::uint32_t fifth = (load_unaligned<std::uint32_t>(block + 2) >> i) & 1U;
    const std::uint32_t code = split_nibble(block + 6, i) | (fifth << 4U);
    return static_cast<float>(static_cast<int>(code) - 16) * load_half(block);
  });
}

// d f16@0, m f16@2, fifth bits u32@4, codes@8; n * d + m
void decode_q5_1(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 24, out, count, [](const std::byte* block, std::size_t i) {
    const std::uint32_t fifth = (load_unaligned<std::uint32_t>(block + 4) >> i) & 1U;
    const std::uint32_t code = split_nibble(block + 8, i) | (fifth << 4U);
    return static_cast<float>(code) * load_half(block) + load_half(block + 2);
  });
}

// d f16@0, codes i8@2; code * d
void decode_q8_0(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 34, out, count, [](const std::byte* block, std::size_t i) {
    return static_cast<float>(load_unaligned<std::int8_t>(block + 2 + i)) * load_half(block);
  });
}

// d f16@0, codes@2; d * T[n]
void decode_iq4_nl(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 18, out, count, [](const std::byte* block, std::size_t i) {
    return load_half(block) * kNonLinearCodes[split_nibble(block + 2, i)];
  });
}

// e u8@0, codes@1; 2^(e - 128) * 2M[n]. The two smallest scales are subnormal floats.
void decode_mxfp4(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 17, out, count, [](const std::byte* block, std::size_t i) {
    const std::uint32_t exponent = byte_at(block);
    const std::uint32_t bits = exponent < 2 ? 0x00200000U << exponent : (exponent - 1) << 23U;
    return std::bit_cast<float>(bits) * kDoubledE2M1Codes[split_nibble(block + 1, i)];
  });
}

}  // namespace facet::engine
