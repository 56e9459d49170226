#include <bit>
#include <cstdint>

#include "engine/formats/decode.h"
#include "engine/formats/four_bit_tables.h"
#include "engine/formats/half.h"

// Blocks of 32 elements in two halves of 16: element i is place l = i mod 16 of its half.
namespace facet::engine {
namespace {

constexpr std::size_t kHalf = 16;

int byte_at(const std::byte* address) {
  return std::to_integer<int>(*address);
}

// The places of both halves share a byte: the first half has the low nibbles, the second the high ones.
int nibble(const std::byte* codes, std::size_t half, std::size_t l) {
  return half == 0 ? byte_at(codes + l) & 15 : byte_at(codes + l) >> 4;
}

// The fifth bits of the codes of a half, and that of one place.
int fifth_bits(const std::byte* bits, std::size_t half) {
  return load_unaligned<std::uint16_t>(bits + 2 * half);
}
int fifth_bit(int fifths, std::size_t l) {
  return ((fifths >> l) & 1) << 4;
}

// For every half of every block of `block_bytes` bytes, `prepare(block, half)` reads what its elements share and
// returns the function of the place that computes one.
template <typename Prepare>
void for_each_half(const std::byte* __restrict blocks, std::size_t block_bytes, float* __restrict out,
                   std::size_t count, Prepare prepare) {
  for (std::size_t first = 0; first < count; first += 2 * kHalf, blocks += block_bytes) {
    for (std::size_t half = 0; half < 2; ++half) {
      const auto element = prepare(blocks, half);
      for (std::size_t l = 0; l < kHalf; ++l)
        out[first + kHalf * half + l] = element(l);
    }
  }
}

}  // namespace

// d f16@0, codes@2; (n - 8) * d
void decode_q4_0(const std::byte* blocks, float* out, std::size_t count) {
  for_each_half(blocks, 18, out, count, [](const std::byte* block, std::size_t half) {
    return [=, d = load_half(block)](std::size_t l) { return static_cast<float>(nibble(block + 2, half, l) - 8) * d; };
  });
}

// d f16@0, m f16@2, codes@4; n * d + m
void decode_q4_1(const std::byte* blocks, float* out, std::size_t count) {
  for_each_half(blocks, 20, out, count, [](const std::byte* block, std::size_t half) {
    return [=, d = load_half(block), m = load_half(block + 2)](std::size_t l) {
      return static_cast<float>(nibble(block + 4, half, l)) * d + m;
    };
  });
}

// d f16@0, fifth bits u32@2, codes@6; (n - 16) * d
void decode_q5_0(const std::byte* blocks, float* out, std::size_t count) {
  for_each_half(blocks, 22, out, count, [](const std::byte* block, std::size_t half) {
    return [=, d = load_half(block), fifths = fifth_bits(block + 2, half)](std::size_t l) {
      return static_cast<float>((nibble(block + 6, half, l) | fifth_bit(fifths, l)) - 16) * d;
    };
  });
}

// d f16@0, m f16@2, fifth bits u32@4, codes@8; n * d + m
void decode_q5_1(const std::byte* blocks, float* out, std::size_t count) {
  for_each_half(blocks, 24, out, count, [](const std::byte* block, std::size_t half) {
    return [=, d = load_half(block), m = load_half(block + 2), fifths = fifth_bits(block + 4, half)](std::size_t l) {
      return static_cast<float>(nibble(block + 8, half, l) | fifth_bit(fifths, l)) * d + m;
    };
  });
}

// d f16@0, codes i8@2; code * d
void decode_q8_0(const std::byte* blocks, float* out, std::size_t count) {
  for_each_half(blocks, 34, out, count, [](const std::byte* block, std::size_t half) {
    return [=, d = load_half(block), codes = block + 2 + kHalf * half](std::size_t l) {
      return static_cast<float>(load_unaligned<std::int8_t>(codes + l)) * d;
    };
  });
}

// d f16@0, codes@2; d * T[n]
void decode_iq4_nl(const std::byte* blocks, float* out, std::size_t count) {
  for_each_half(blocks, 18, out, count, [](const std::byte* block, std::size_t half) {
    return [=, d = load_half(block)](std::size_t l) {
      return d * kNonLinearCodes[static_cast<std::size_t>(nibble(block + 2, half, l))];
    };
  });
}

// e u8@0, codes@1; 2^(e - 128) * 2M[n]. The two smallest scales are subnormal floats.
void decode_mxfp4(const std::byte* blocks, float* out, std::size_t count) {
  for_each_half(blocks, 17, out, count, [](const std::byte* block, std::size_t half) {
    const auto exponent = std::to_integer<std::uint32_t>(block[0]);
    const auto scale = std::bit_cast<float>(exponent < 2 ? 0x00200000U << exponent : (exponent - 1) << 23U);
    return
        [=](std::size_t l) { return scale * kDoubledE2M1Codes[static_cast<std::size_t>(nibble(block + 1, half, l))]; };
  });
}

}  // namespace facet::engine
