#include <cstdint>

#include "engine/formats/decode.h"
#include "engine/formats/four_bit_tables.h"
#include "engine/formats/half.h"
#include "engine/formats/k_scales.h"

// Inside a block of 256: h = i / 128 is the half, j = (i mod 128) / 32 the group in it, l = i mod 32 the place in the
// group and k = i / 32 the group in the block.
namespace facet::engine {
namespace {

constexpr std::size_t kBlock = 256;

std::uint32_t byte_at(const std::byte* address) {
  return std::to_integer<std::uint32_t>(*address);
}
std::uint32_t low(std::uint32_t byte) {
  return byte & 15U;
}
std::uint32_t high(std::uint32_t byte) {
  return byte >> 4U;
}

template <typename Element>
void for_each_element(const std::byte* blocks, std::size_t block_bytes, float* out, std::size_t count,
                      Element element) {
  for (std::size_t first = 0; first < count; first += kBlock, blocks += block_bytes)
    for (std::size_t i = 0; i < kBlock; ++i)
      out[first + i] = element(blocks, i);
}

std::uint32_t two_bits(const std::byte* codes, std::size_t i) {
  return (byte_at(codes + 32 * (i / 128) + i % 32) >> (2 * (i % 128 / 32))) & 3U;
}

// The nibble of element i in Q4_K and Q5_K: groups 2p and 2p + 1 share 32 bytes.
std::uint32_t paired_nibble(const std::byte* codes, std::size_t i) {
  const std::uint32_t byte = byte_at(codes + 32 * (i / 64) + i % 32);
  return i / 32 % 2 == 0 ? low(byte) : high(byte);
}

}  // namespace

// scales@0, codes@16, d f16@80, dmin f16@82; (d * lo(s)) * v - dmin * hi(s)
void decode_q2_k(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 84, out, count, [](const std::byte* block, std::size_t i) {
    const std::uint32_t scale = byte_at(block + i / 16);
    return (load_half(block + 80) * static_cast<float>(low(scale))) * static_cast<float>(two_bits(block + 16, i)) -
           load_half(block + 82) * static_cast<float>(high(scale));
  });
}

// high bits@0, codes@32, scales@96, d f16@108; (d * sc) * v, v is 4 less where the high bit is clear
void decode_q3_k(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 110, out, count, [](const std::byte* block, std::size_t i) {
    const std::byte* scales = block + 96;
    const std::size_t group = i / 16;
    const std::uint32_t low_bits = group < 8 ? low(byte_at(scales + group)) : high(byte_at(scales + group - 8));
    const std::uint32_t high_bits = (byte_at(scales + 8 + group % 4) >> (2 * (group / 4))) & 3U;
    const int scale = static_cast<int>(low_bits | (high_bits << 4U)) - 32;
    const bool raised = ((byte_at(block + i % 32) >> (i / 32)) & 1U) != 0;
    const int value = static_cast<int>(two_bits(block + 32, i)) - (raised ? 0 : 4);
    return (load_half(block + 108) * static_cast<float>(scale)) * static_cast<float>(value);
  });
}

// d f16@0, dmin f16@2, scales@4, codes@16; (d * sc) * v - dmin * mn
void decode_q4_k(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 144, out, count, [](const std::byte* block, std::size_t i) {
    const KScale scale = k_scale(block + 4, i / 32);
    return (load_half(block) * static_cast<float>(scale.scale)) * static_cast<float>(paired_nibble(block + 16, i)) -
           load_half(block + 2) * static_cast<float>(scale.minimum);
  });
}

// d f16@0, dmin f16@2, scales@4, fifth bits@16, codes@48; (d * sc) * v - dmin * mn
void decode_q5_k(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 176, out, count, [](const std::byte* block, std::size_t i) {
    const KScale scale = k_scale(block + 4, i / 32);
    const std::uint32_t fifth = (byte_at(block + 16 + i % 32) >> (i / 32)) & 1U;
    const std::uint32_t value = paired_nibble(block + 48, i) | (fifth << 4U);
    return (load_half(block) * static_cast<float>(scale.scale)) * static_cast<float>(value) -
           load_half(block + 2) * static_cast<float>(scale.minimum);
  });
}

// low nibbles@0, high bit pairs@128, scales i8@192, d f16@208; (d * sc) * (v - 32)
void decode_q6_k(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 210, out, count, [](const std::byte* block, std::size_t i) {
    const std::size_t half = i / 128;
    const std::size_t group = i % 128 / 32;
    const std::uint32_t byte = byte_at(block + 64 * half + 32 * (group % 2) + i % 32);
    const std::uint32_t low_bits = group < 2 ? low(byte) : high(byte);
    const std::uint32_t high_bits = (byte_at(block + 128 + 32 * half + i % 32) >> (2 * group)) & 3U;
    const float scale = load_half(block + 208) * static_cast<float>(load_unaligned<std::int8_t>(block + 192 + i / 16));
    return scale * static_cast<float>(static_cast<int>(low_bits | (high_bits << 4U)) - 32);
  });
}

// d f16@0, high scale bits u16@2, low scale bits@4, codes@8; (d * (ls - 32)) * T[n]
void decode_iq4_xs(const std::byte* blocks, float* out, std::size_t count) {
  for_each_element(blocks, 136, out, count, [](const std::byte* block, std::size_t i) {
    const std::size_t group = i / 32;
    const std::size_t place = i % 32;
    const std::uint32_t low_bits = (byte_at(block + 4 + group / 2) >> (4 * (group % 2))) & 15U;
    const std::uint32_t high_bits = (load_unaligned<std::uint16_t>(block + 2) >> (2 * group)) & 3U;
    const int scale = static_cast<int>(low_bits | (high_bits << 4U)) - 32;
    const std::uint32_t byte = byte_at(block + 8 + 16 * group + place % 16);
    const std::uint32_t code = place < 16 ? low(byte) : high(byte);
    return (load_half(block) * static_cast<float>(scale)) * kNonLinearCodes[code];
  });
}

}  // namespace facet::engine
