// Compiled for AVX2 and F16C; runs only where the processor has them. Nothing here may be inline in the linker's sense:
// code for one processor must not stand in for code for another.
#include "engine/cpu/decode_avx2.h"

#include <immintrin.h>

#include <cstring>

namespace facet::engine {
namespace {

float half_at(const std::byte* address) {
  unsigned short bits = 0;
  std::memcpy(&bits, address, sizeof bits);
  return _cvtsh_ss(bits);
}

__m128i load16(const std::byte* address) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(address));
}
__m256i load32(const std::byte* address) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(address));
}

// Eight bytes at `place` (0 or 1: the lower or upper half) of 16 signed bytes, as floats.
template <int Place>
__m256 signed_floats(__m128i bytes) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(Place == 0 ? bytes : _mm_srli_si128(bytes, 8)));
}

// Writes (code * d) for 32 signed codes.
void write_scaled(__m256i codes, __m256 d, float* out) {
  const __m128i low = _mm256_castsi256_si128(codes);
  const __m128i high = _mm256_extracti128_si256(codes, 1);
  _mm256_storeu_ps(out, _mm256_mul_ps(signed_floats<0>(low), d));
  _mm256_storeu_ps(out + 8, _mm256_mul_ps(signed_floats<1>(low), d));
  _mm256_storeu_ps(out + 16, _mm256_mul_ps(signed_floats<0>(high), d));
  _mm256_storeu_ps(out + 24, _mm256_mul_ps(signed_floats<1>(high), d));
}

// Writes (code * d + m) for 32 codes below 128.
void write_scaled_and_moved(__m256i codes, __m256 d, __m256 m, float* out) {
  const __m128i low = _mm256_castsi256_si128(codes);
  const __m128i high = _mm256_extracti128_si256(codes, 1);
  _mm256_storeu_ps(out, _mm256_add_ps(_mm256_mul_ps(signed_floats<0>(low), d), m));
  _mm256_storeu_ps(out + 8, _mm256_add_ps(_mm256_mul_ps(signed_floats<1>(low), d), m));
  _mm256_storeu_ps(out + 16, _mm256_add_ps(_mm256_mul_ps(signed_floats<0>(high), d), m));
  _mm256_storeu_ps(out + 24, _mm256_add_ps(_mm256_mul_ps(signed_floats<1>(high), d), m));
}

// 32 codes from 16 bytes: the low nibbles, then the high ones.
__m256i split_nibbles(const std::byte* codes) {
  const __m128i bytes = load16(codes);
  const __m256i both = _mm256_set_m128i(_mm_srli_epi16(bytes, 4), bytes);
  return _mm256_and_si256(both, _mm256_set1_epi8(15));
}

// A byte of `value` for every set bit of 32, in the order of the bits.
__m256i spread_bits(const std::byte* bits, char value) {
  int word = 0;
  std::memcpy(&word, bits, sizeof word);
  const __m256i source = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,  //
                                          2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const __m256i mask = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ULL));
  const __m256i bytes = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(word), source), mask);
  return _mm256_and_si256(_mm256_cmpeq_epi8(bytes, mask), _mm256_set1_epi8(value));
}

void decode_f16(const std::byte* blocks, float* out, std::size_t count) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(load16(blocks + 2 * i)));
  for (; i < count; ++i)
    out[i] = half_at(blocks + 2 * i);
}

void decode_bf16(const std::byte* blocks, float* out, std::size_t count) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256i wide = _mm256_slli_epi32(_mm256_cvtepu16_epi32(load16(blocks + 2 * i)), 16);
    _mm256_storeu_ps(out + i, _mm256_castsi256_ps(wide));
  }
  if (i < count) format_info(Format::BF16).decode(blocks + 2 * i, out + i, count - i);
}

void decode_q4_0(const std::byte* blocks, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 32, blocks += 18) {
    const __m256i codes = _mm256_sub_epi8(split_nibbles(blocks + 2), _mm256_set1_epi8(8));
    write_scaled(codes, _mm256_set1_ps(half_at(blocks)), out + i);
  }
}

void decode_q4_1(const std::byte* blocks, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 32, blocks += 20)
    write_scaled_and_moved(split_nibbles(blocks + 4), _mm256_set1_ps(half_at(blocks)),
                           _mm256_set1_ps(half_at(blocks + 2)), out + i);
}

void decode_q5_0(const std::byte* blocks, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 32, blocks += 22) {
    const __m256i codes = _mm256_or_si256(split_nibbles(blocks + 6), spread_bits(blocks + 2, 16));
    write_scaled(_mm256_sub_epi8(codes, _mm256_set1_epi8(16)), _mm256_set1_ps(half_at(blocks)), out + i);
  }
}

void decode_q5_1(const std::byte* blocks, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 32, blocks += 24) {
    const __m256i codes = _mm256_or_si256(split_nibbles(blocks + 8), spread_bits(blocks + 4, 16));
    write_scaled_and_moved(codes, _mm256_set1_ps(half_at(blocks)), _mm256_set1_ps(half_at(blocks + 2)), out + i);
  }
}

void decode_q8_0(const std::byte* blocks, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 32, blocks += 34)
    write_scaled(load32(blocks + 2), _mm256_set1_ps(half_at(blocks)), out + i);
}

// The scales and minimums of a Q4_K or Q5_K block, eight bytes each; see formats/k_scales.h.
struct KScales {
  unsigned char scale[8];
  unsigned char minimum[8];
};

KScales unpack_k_scales(const std::byte* packed) {
  unsigned int words[3];
  std::memcpy(words, packed, sizeof words);
  const unsigned int scale[2] = {words[0] & 0x3f3f3f3fU,
                                 (words[2] & 0x0f0f0f0fU) | (((words[0] >> 6U) & 0x03030303U) << 4U)};
  const unsigned int minimum[2] = {words[1] & 0x3f3f3f3fU,
                                   ((words[2] >> 4U) & 0x0f0f0f0fU) | (((words[1] >> 6U) & 0x03030303U) << 4U)};
  KScales scales;
  std::memcpy(scales.scale, scale, sizeof scale);
  std::memcpy(scales.minimum, minimum, sizeof minimum);
  return scales;
}

// Writes (scaled * code - moved) for 32 codes below 128: a - b and a + (-b) have the same bits.
void write_group(__m256i codes, float scaled, float moved, float* out) {
  write_scaled_and_moved(codes, _mm256_set1_ps(scaled), _mm256_set1_ps(-moved), out);
}

void decode_q4_k(const std::byte* blocks, float* out, std::size_t count) {
  const __m256i low_nibbles = _mm256_set1_epi8(15);
  for (std::size_t i = 0; i < count; i += 256, blocks += 144) {
    const float d = half_at(blocks);
    const float dmin = half_at(blocks + 2);
    const KScales scales = unpack_k_scales(blocks + 4);
    for (std::size_t k = 0; k < 8; k += 2) {
      const __m256i bytes = load32(blocks + 16 + 16 * k);
      const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_nibbles);
      write_group(_mm256_and_si256(bytes, low_nibbles), d * scales.scale[k], dmin * scales.minimum[k],
                  out + i + 32 * k);
      write_group(high, d * scales.scale[k + 1], dmin * scales.minimum[k + 1], out + i + 32 * k + 32);
    }
  }
}

void decode_q5_k(const std::byte* blocks, float* out, std::size_t count) {
  const __m256i low_nibbles = _mm256_set1_epi8(15);
  const __m256i one = _mm256_set1_epi8(1);
  for (std::size_t i = 0; i < count; i += 256, blocks += 176) {
    const float d = half_at(blocks);
    const float dmin = half_at(blocks + 2);
    const KScales scales = unpack_k_scales(blocks + 4);
    __m256i fifths = load32(blocks + 16);
    for (std::size_t k = 0; k < 8; ++k) {
      const __m256i bytes = load32(blocks + 48 + 16 * (k & ~std::size_t{1}));
      const __m256i nibbles = _mm256_and_si256(k % 2 == 0 ? bytes : _mm256_srli_epi16(bytes, 4), low_nibbles);
      const __m256i fifth = _mm256_slli_epi16(_mm256_and_si256(fifths, one), 4);
      fifths = _mm256_srli_epi16(fifths, 1);
      write_group(_mm256_or_si256(nibbles, fifth), d * scales.scale[k], dmin * scales.minimum[k], out + i + 32 * k);
    }
  }
}

// Writes 32 codes of 0..63, 32 less each, times the scales of the two groups of 16.
void write_two_groups(__m256i codes, float first, float second, float* out) {
  const __m256i moved = _mm256_sub_epi8(codes, _mm256_set1_epi8(32));
  const __m128i low = _mm256_castsi256_si128(moved);
  const __m128i high = _mm256_extracti128_si256(moved, 1);
  _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_set1_ps(first), signed_floats<0>(low)));
  _mm256_storeu_ps(out + 8, _mm256_mul_ps(_mm256_set1_ps(first), signed_floats<1>(low)));
  _mm256_storeu_ps(out + 16, _mm256_mul_ps(_mm256_set1_ps(second), signed_floats<0>(high)));
  _mm256_storeu_ps(out + 24, _mm256_mul_ps(_mm256_set1_ps(second), signed_floats<1>(high)));
}

// One half of a Q6_K block: four groups of 32, whose low nibbles lie in 64 bytes and whose high bit pairs in 32.
void decode_q6_k_half(const std::byte* low, const std::byte* high, const std::byte* scales, float d, float* out) {
  const __m256i low_nibbles = _mm256_set1_epi8(15);
  const __m256i pairs = _mm256_set1_epi8(3 << 4);
  const __m256i first = load32(low);
  const __m256i second = load32(low + 32);
  const __m256i top = load32(high);
  const __m256i codes[4] = {
      _mm256_or_si256(_mm256_and_si256(first, low_nibbles), _mm256_and_si256(_mm256_slli_epi16(top, 4), pairs)),
      _mm256_or_si256(_mm256_and_si256(second, low_nibbles), _mm256_and_si256(_mm256_slli_epi16(top, 2), pairs)),
      _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(first, 4), low_nibbles), _mm256_and_si256(top, pairs)),
      _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(second, 4), low_nibbles),
                      _mm256_and_si256(_mm256_srli_epi16(top, 2), pairs)),
  };
  for (std::size_t group = 0; group < 4; ++group) {
    signed char scale[2];
    std::memcpy(scale, scales + 2 * group, sizeof scale);
    write_two_groups(codes[group], d * static_cast<float>(scale[0]), d * static_cast<float>(scale[1]),
                     out + 32 * group);
  }
}

void decode_q6_k(const std::byte* blocks, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 256, blocks += 210) {
    const float d = half_at(blocks + 208);
    for (std::size_t half = 0; half < 2; ++half)
      decode_q6_k_half(blocks + 64 * half, blocks + 128 + 32 * half, blocks + 192 + 8 * half, d, out + i + 128 * half);
  }
}

}  // namespace

DecodeFunction avx2_decoder(Format format) {
  switch (format) {
    case Format::F16:
      return decode_f16;
    case Format::BF16:
      return decode_bf16;
    case Format::Q4_0:
      return decode_q4_0;
    case Format::Q4_1:
      return decode_q4_1;
    case Format::Q5_0:
      return decode_q5_0;
    case Format::Q5_1:
      return decode_q5_1;
    case Format::Q8_0:
      return decode_q8_0;
    case Format::Q4_K:
      return decode_q4_k;
    case Format::Q5_K:
      return decode_q5_k;
    case Format::Q6_K:
      return decode_q6_k;
    default:
      return nullptr;
  }
}

}  // namespace facet::engine
