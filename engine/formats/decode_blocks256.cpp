#include <cstdint>

#include "engine/formats/decode.h"
#include "engine/formats/four_bit_tables.h"
#include "engine/formats/half.h"
#include "engine/formats/k_scales.h"

// Blocks of 256 elements in sixteen groups of 16: element i is place l = i mod 16 of group g = i / 16. Two groups make
// a run of 32 with one scale in some formats, eight make the half of a block that shares bytes.
namespace facet::engine {
namespace {

constexpr std::size_t kGroup = 16;
constexpr std::size_t kGroups = 16;

int byte_at(const std::byte* address) {
  return std::to_integer<int>(*address);
}
int low(int byte) {
  return byte & 15;
}
int high(int byte) {
  return byte >> 4;
}

// The place in a run of 32.
std::size_t in_run(std::size_t g, std::size_t l) {
  return kGroup * (g % 2) + l;
}

// For every group of every block of `block_bytes` bytes, `prepare(block, g)` reads what its elements share and returns
// the function of the place that computes one.
template <typename Prepare>
void for_each_group(const std::byte* __restrict blocks, std::size_t block_bytes, float* __restrict out,
                    std::size_t count, Prepare prepare) {
  for (std::size_t first = 0; first < count; first += kGroups * kGroup, blocks += block_bytes) {
    for (std::size_t g = 0; g < kGroups; ++g) {
      const auto element = prepare(blocks, g);
      for (std::size_t l = 0; l < kGroup; ++l)
        out[first + kGroup * g + l] = element(l);
    }
  }
}

// A two-bit code: the four runs of a half share 32 bytes.
int two_bits(const std::byte* codes, std::size_t g, std::size_t l) {
  return (byte_at(codes + 32 * (g / 8) + in_run(g, l)) >> (2 * (g % 8 / 2))) & 3;
}

// A nibble of Q4_K and Q5_K: two runs share 32 bytes.
int paired_nibble(const std::byte* codes, std::size_t g, std::size_t l) {
  const int byte = byte_at(codes + 32 * (g / 4) + in_run(g, l));
  return g / 2 % 2 == 0 ? low(byte) : high(byte);
}

}  // namespace

// scales@0, codes@16, d f16@80, dmin f16@82; (d * lo(s)) * v - dmin * hi(s)
void decode_q2_k(const std::byte* blocks, float* out, std::size_t count) {
  for_each_group(blocks, 84, out, count, [](const std::byte* block, std::size_t g) {
    const float scale = load_half(block + 80) * static_cast<float>(low(byte_at(block + g)));
    const float minimum = load_half(block + 82) * static_cast<float>(high(byte_at(block + g)));
    return [=](std::size_t l) { return scale * static_cast<float>(two_bits(block + 16, g, l)) - minimum; };
  });
}

// high bits@0, codes@32, scales@96, d f16@108; (d * sc) * v, v is 4 less where the high bit is clear
void decode_q3_k(const std::byte* blocks, float* out, std::size_t count) {
  for_each_group(blocks, 110, out, count, [](const std::byte* block, std::size_t g) {
    const std::byte* scales = block + 96;
    const int low_bits = g < 8 ? low(byte_at(scales + g)) : high(byte_at(scales + g - 8));
    const int high_bits = (byte_at(scales + 8 + g % 4) >> (2 * (g / 4))) & 3;
    const float scale = load_half(block + 108) * static_cast<float>((low_bits | (high_bits << 4)) - 32);
    return [=](std::size_t l) {
      const int raised = (byte_at(block + in_run(g, l)) >> (g / 2)) & 1;
      return scale * static_cast<float>(two_bits(block + 32, g, l) - 4 + 4 * raised);
    };
  });
}

// d f16@0, dmin f16@2, scales@4, codes@16; (d * sc) * v - dmin * mn
void decode_q4_k(const std::byte* blocks, float* out, std::size_t count) {
  for_each_group(blocks, 144, out, count, [](const std::byte* block, std::size_t g) {
    const KScale packed = k_scale(block + 4, g / 2);
    const float scale = load_half(block) * static_cast<float>(packed.scale);
    const float minimum = load_half(block + 2) * static_cast<float>(packed.minimum);
    return [=](std::size_t l) { return scale * static_cast<float>(paired_nibble(block + 16, g, l)) - minimum; };
  });
}

// d f16@0, dmin f16@2, scales@4, fifth bits@16, codes@48; (d * sc) * v - dmin * mn
void decode_q5_k(const std::byte* blocks, float* out, std::size_t count) {
  for_each_group(blocks, 176, out, count, [](const std::byte* block, std::size_t g) {
    const KScale packed = k_scale(block + 4, g / 2);
    const float scale = load_half(block) * static_cast<float>(packed.scale);
    const float minimum = load_half(block + 2) * static_cast<float>(packed.minimum);
    return [=](std::size_t l) {
      const int fifth = (byte_at(block + 16 + in_run(g, l)) >> (g / 2)) & 1;
      return scale * static_cast<float>(paired_nibble(block + 48, g, l) | (fifth << 4)) - minimum;
    };
  });
}

// low nibbles@0, high bit pairs@128, scales i8@192, d f16@208; (d * sc) * (v - 32). Of the four runs of a half, the
// first two have the low nibbles of 64 bytes and the last two the high ones.
void decode_q6_k(const std::byte* blocks, float* out, std::size_t count) {
  for_each_group(blocks, 210, out, count, [](const std::byte* block, std::size_t g) {
    const std::size_t half = g / 8;
    const std::size_t run = g % 8 / 2;
    const std::byte* nibbles = block + 64 * half + 32 * (run % 2);
    const std::byte* pairs = block + 128 + 32 * half;
    const float scale = load_half(block + 208) * static_cast<float>(load_unaligned<std::int8_t>(block + 192 + g));
    return [=](std::size_t l) {
      const int byte = byte_at(nibbles + in_run(g, l));
      const int high_bits = (byte_at(pairs + in_run(g, l)) >> (2 * run)) & 3;
      return scale * static_cast<float>(((run < 2 ? low(byte) : high(byte)) | (high_bits << 4)) - 32);
    };
  });
}

// d f16@0, high scale bits u16@2, low scale bits@4, codes@8; (d * (ls - 32)) * T[n]. A run has 16 bytes of its own: low
// nibbles, then high ones.
void decode_iq4_xs(const std::byte* blocks, float* out, std::size_t count) {
  for_each_group(blocks, 136, out, count, [](const std::byte* block, std::size_t g) {
    const std::size_t run = g / 2;
    const int low_bits = (byte_at(block + 4 + run / 2) >> (4 * (run % 2))) & 15;
    const int high_bits = (load_unaligned<std::uint16_t>(block + 2) >> (2 * run)) & 3;
    const float scale = load_half(block) * static_cast<float>((low_bits | (high_bits << 4)) - 32);
    const std::byte* codes = block + 8 + kGroup * run;
    return [=](std::size_t l) {
      const int byte = byte_at(codes + l);
      return scale * kNonLinearCodes[static_cast<std::size_t>(g % 2 == 0 ? low(byte) : high(byte))];
    };
  });
}

}  // namespace facet::engine
