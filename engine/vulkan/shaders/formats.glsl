// The weight formats, decoded as engine/formats does it, element by element in the order of its formula. FACET_FORMAT_F32,
// _F16 or _BF16 chooses one of numbers; FACET_FORMAT_BLOCKS stands for all those with blocks, of which kFormats chooses.
//
// A run is 32 consecutive elements of a row; `open_run` reads what they share, `quad` gives four of them. Formats with
// blocks say what that consists of: `codes_of` gives four codes, whole numbers from -128 to 127, which `scale_of`
// multiplies, and, where `has_offset`, `offset_of` is added. Rows lie on the device as packing.cpp puts them there: first
// the codes of all blocks, then each further field of all blocks, every plane beginning at a multiple of 16 bytes.
//
// `matrix` says which of the kernel's matrices is meant; `row` and all addresses count bytes.

uint word_at(uint matrix, uint address) {
  const uint i = address >> 2;
  return matrix == 0u ? weights0[i] : matrix == 1u ? weights1[i] : weights2[i];
}
uvec4 four_words_at(uint matrix, uint address) {
  const uint i = address >> 4;
  return matrix == 0u ? wide_weights0[i] : matrix == 1u ? wide_weights1[i] : wide_weights2[i];
}
uint byte_at(uint matrix, uint address) {
  return (word_at(matrix, address) >> (8u * (address & 3u))) & 0xffu;
}
// Two bytes that lie in one word.
uint two_bytes_at(uint matrix, uint address) {
  return (word_at(matrix, address) >> (8u * (address & 2u))) & 0xffffu;
}
float half_at(uint matrix, uint address) {
  return half_value(two_bytes_at(matrix, address));
}

uvec4 bytes_of(uint word) {
  return (uvec4(word) >> uvec4(0u, 8u, 16u, 24u)) & 0xffu;
}

// How long the planes of a row are.
uint plane_bytes(uint blocks, uint bytes) {
  return (blocks * bytes + 15u) & ~15u;
}

#if defined(FACET_FORMAT_F32)
#define FACET_RAGGED
struct Run {
  uint matrix;
  uint address;
};
Run open_run(uint matrix, uint row, uint run) {
  return Run(matrix, row + 128u * run);
}
vec4 quad(Run run, uint q) {
  return uintBitsToFloat(four_words_at(run.matrix, run.address + 16u * q));
}
float single(uint matrix, uint row, uint i) {
  return uintBitsToFloat(word_at(matrix, row + 4u * i));
}

#elif defined(FACET_FORMAT_F16) || defined(FACET_FORMAT_BF16)
#define FACET_RAGGED
struct Run {
  uint matrix;
  uint address;
};
Run open_run(uint matrix, uint row, uint run) {
  return Run(matrix, row + 64u * run);
}
#if defined(FACET_FORMAT_F16)
vec4 quad(Run run, uint q) {
  const uint a = word_at(run.matrix, run.address + 8u * q);
  const uint b = word_at(run.matrix, run.address + 8u * q + 4u);
  return vec4(half_value(a & 0xffffu), half_value(a >> 16), half_value(b & 0xffffu), half_value(b >> 16));
}
float single(uint matrix, uint row, uint i) {
  return half_at(matrix, row + 2u * i);
}
#else
vec4 quad(Run run, uint q) {
  const uint a = word_at(run.matrix, run.address + 8u * q);
  const uint b = word_at(run.matrix, run.address + 8u * q + 4u);
  return uintBitsToFloat(uvec4(a << 16, a & 0xffff0000u, b << 16, b & 0xffff0000u));
}
float single(uint matrix, uint row, uint i) {
  return uintBitsToFloat(two_bytes_at(matrix, row + 2u * i) << 16);
}
#endif

#elif defined(FACET_FORMAT_BLOCKS)
// Their numbers in GGUF files.
const uint kQ4_0 = 2u;
const uint kQ4_1 = 3u;
const uint kQ5_0 = 6u;
const uint kQ5_1 = 7u;
const uint kQ8_0 = 8u;
const uint kQ2_K = 10u;
const uint kQ3_K = 11u;
const uint kQ4_K = 12u;
const uint kQ5_K = 13u;
const uint kQ6_K = 14u;
const uint kIQ4_NL = 20u;
const uint kIQ4_XS = 23u;
const uint kMXFP4 = 39u;

// The formats of the kernel's matrices, eight bits each.
layout(constant_id = 7) const uint kFormats = 0;
const uint kFirstFormat = kFormats & 0xffu;
const uint kSecondFormat = (kFormats >> 8) & 0xffu;
const uint kThirdFormat = (kFormats >> 16) & 0xffu;
const bool kOneFormat = kFirstFormat == kSecondFormat && kFirstFormat == kThirdFormat;

uint format_of(uint matrix) {
  return kOneFormat ? kFirstFormat : (kFormats >> (8u * matrix)) & 0xffu;
}
// Compilers see that it is false for formats that the kernel does not have, and true for its only one.
bool is_format(uint format, uint known) {
  return (known == kFirstFormat || known == kSecondFormat || known == kThirdFormat) && format == known;
}
bool has_offset(uint format) {
  return is_format(format, kQ4_1) || is_format(format, kQ5_1) || is_format(format, kQ2_K) ||
         is_format(format, kQ4_K) || is_format(format, kQ5_K);
}

// Both halves of 16 elements: the bytes that hold their codes and the further bits of those, a scale and an offset.
struct Run {
  uint format;
  uvec4 first;
  uvec4 second;
  uvec4 first_extra;
  uvec4 second_extra;
  vec2 scale;
  vec2 offset;
  uint shift;        // of a code in its byte
  uint extra_shift;  // of its further bits in theirs
};

// Runs whose halves share 16 bytes: low nibbles first, high ones second.
Run nibble_run(uint format, uvec4 codes, float scale, float offset) {
  return Run(format, codes, codes >> 4, uvec4(0), uvec4(0), vec2(scale), vec2(offset), 0u, 0u);
}

// One bit of each of 16 elements, from `bits` on, to a byte for each.
uvec4 bits_to_bytes(uint bits) {
  return (((uvec4(bits) >> uvec4(0u, 4u, 8u, 12u)) & 15u) * 0x00204081u) & 0x01010101u;
}

// Blocks of 32 elements.
Run open_small_block(uint format, uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 32u;
  if (is_format(format, kQ8_0))
    return Run(format, four_words_at(matrix, row + 32u * run), four_words_at(matrix, row + 32u * run + 16u), uvec4(0),
               uvec4(0), vec2(half_at(matrix, row + plane_bytes(blocks, 32u) + 2u * run)), vec2(0.0), 0u, 0u);
  const uvec4 codes = four_words_at(matrix, row + 16u * run);
  const uint fields = row + plane_bytes(blocks, 16u);
  if (is_format(format, kMXFP4)) {
    const uint exponent = byte_at(matrix, fields + run);
    const uint scale = exponent < 2u ? 0x00200000u << exponent : (exponent - 1u) << 23;
    return nibble_run(format, codes, uintBitsToFloat(scale), 0.0);
  }
  if (is_format(format, kQ4_1)) {
    const uint halves = word_at(matrix, fields + 4u * run);
    return nibble_run(format, codes, half_value(halves & 0xffffu), half_value(halves >> 16));
  }
  if (is_format(format, kQ5_0) || is_format(format, kQ5_1)) {
    const uint fifths = word_at(matrix, fields + 4u * run);
    const uint scales = fields + plane_bytes(blocks, 4u);
    Run opened = nibble_run(format, codes, 0.0, 0.0);
    opened.first_extra = bits_to_bytes(fifths);
    opened.second_extra = bits_to_bytes(fifths >> 16);
    if (is_format(format, kQ5_1)) {
      const uint halves = word_at(matrix, scales + 4u * run);
      opened.scale = vec2(half_value(halves & 0xffffu));
      opened.offset = vec2(half_value(halves >> 16));
    } else {
      opened.scale = vec2(half_at(matrix, scales + 2u * run));
    }
    return opened;
  }
  return nibble_run(format, codes, half_at(matrix, fields + 2u * run), 0.0);
}

// Blocks of 256 elements, eight runs: a run's codes are some bits of 32 bytes, which it shares with other runs. Its two
// halves may have a scale each.
Run open_q2_k(uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 256u;
  const uint block = run >> 3;
  const uint place = run & 7u;
  const uint codes = row + 64u * block + 32u * (place >> 2);
  const uint scales = row + plane_bytes(blocks, 64u);
  const uint packed = two_bytes_at(matrix, scales + 16u * block + 2u * place);
  const uint halves = word_at(matrix, scales + plane_bytes(blocks, 16u) + 4u * block);
  return Run(kQ2_K, four_words_at(matrix, codes), four_words_at(matrix, codes + 16u), uvec4(0), uvec4(0),
             half_value(halves & 0xffffu) * vec2(packed & 15u, (packed >> 8) & 15u),
             -half_value(halves >> 16) * vec2((packed >> 4) & 15u, packed >> 12), 2u * (place & 3u), 0u);
}

float scale_of_q3_k(uint matrix, uint packed, float whole, uint g) {
  const uint low_bits = (byte_at(matrix, packed + (g & 7u)) >> (4u * (g >> 3))) & 15u;
  const uint high_bits = (byte_at(matrix, packed + 8u + (g & 3u)) >> (2u * (g >> 2))) & 3u;
  return whole * float(int(low_bits | (high_bits << 4)) - 32);
}
Run open_q3_k(uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 256u;
  const uint block = run >> 3;
  const uint place = run & 7u;
  const uint codes = row + 64u * block + 32u * (place >> 2);
  const uint extra_plane = row + plane_bytes(blocks, 64u);
  const uint extra = extra_plane + 32u * block;
  const uint scales = extra_plane + plane_bytes(blocks, 32u);
  const uint packed = scales + 12u * block;
  const float whole = half_at(matrix, scales + plane_bytes(blocks, 12u) + 2u * block);
  return Run(kQ3_K, four_words_at(matrix, codes), four_words_at(matrix, codes + 16u), four_words_at(matrix, extra),
             four_words_at(matrix, extra + 16u),
             vec2(scale_of_q3_k(matrix, packed, whole, 2u * place),
                  scale_of_q3_k(matrix, packed, whole, 2u * place + 1u)),
             vec2(0.0), 2u * (place & 3u), place);
}

// The 6-bit scale and minimum of a run, as engine/formats/k_scales.h reads them, of the 12 bytes behind the halves.
uint packed_byte(uvec4 header, uint i) {
  return (header[1u + (i >> 2)] >> (8u * (i & 3u))) & 0xffu;
}
uvec2 scale_and_minimum(uvec4 header, uint k) {
  if (k < 4u) return uvec2(packed_byte(header, k), packed_byte(header, k + 4u)) & 63u;
  const uint both = packed_byte(header, k + 4u);
  return uvec2((both & 15u) | ((packed_byte(header, k - 4u) >> 6) << 4),
               (both >> 4) | ((packed_byte(header, k) >> 6) << 4));
}
Run open_q4_or_q5_k(uint format, uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 256u;
  const uint block = run >> 3;
  const uint place = run & 7u;
  const uint codes = row + 128u * block + 32u * (place >> 1);
  uint headers = row + plane_bytes(blocks, 128u);
  uvec4 first_extra = uvec4(0);
  uvec4 second_extra = uvec4(0);
  if (is_format(format, kQ5_K)) {
    first_extra = four_words_at(matrix, headers + 32u * block);
    second_extra = four_words_at(matrix, headers + 32u * block + 16u);
    headers += plane_bytes(blocks, 32u);
  }
  const uvec4 header = four_words_at(matrix, headers + 16u * block);
  const uvec2 packed = scale_and_minimum(header, place);
  return Run(format, four_words_at(matrix, codes), four_words_at(matrix, codes + 16u), first_extra, second_extra,
             vec2(half_value(header.x & 0xffffu) * float(packed.x)),
             vec2(-half_value(header.x >> 16) * float(packed.y)), 4u * (place & 1u), place);
}

Run open_q6_k(uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 256u;
  const uint block = run >> 3;
  const uint place = run & 7u;
  const uint codes = row + 128u * block + 64u * (place >> 2) + 32u * (place & 1u);
  const uint extra_plane = row + plane_bytes(blocks, 128u);
  const uint extra = extra_plane + 64u * block + 32u * (place >> 2);
  const uint scales = extra_plane + plane_bytes(blocks, 64u);
  const int packed = int(two_bytes_at(matrix, scales + 16u * block + 2u * place));
  const float whole = half_at(matrix, scales + plane_bytes(blocks, 16u) + 2u * block);
  return Run(kQ6_K, four_words_at(matrix, codes), four_words_at(matrix, codes + 16u), four_words_at(matrix, extra),
             four_words_at(matrix, extra + 16u), whole * vec2((packed << 24) >> 24, (packed << 16) >> 24), vec2(0.0),
             4u * ((place >> 1) & 1u), 2u * (place & 3u));
}

Run open_iq4_xs(uint matrix, uint row, uint run) {
  const uint block = run >> 3;
  const uint place = run & 7u;
  const uint header = row + plane_bytes(p.inputs / 256u, 128u) + 8u * block;
  const uint first = word_at(matrix, header);
  const uint low_bits = (word_at(matrix, header + 4u) >> (4u * place)) & 15u;
  const uint high_bits = (first >> (16u + 2u * place)) & 3u;
  const float scale = half_value(first & 0xffffu) * float(int(low_bits | (high_bits << 4)) - 32);
  return nibble_run(kIQ4_XS, four_words_at(matrix, row + 16u * run), scale, 0.0);
}

Run open_run(uint matrix, uint row, uint run) {
  const uint format = format_of(matrix);
  if (is_format(format, kQ2_K)) return open_q2_k(matrix, row, run);
  if (is_format(format, kQ3_K)) return open_q3_k(matrix, row, run);
  if (is_format(format, kQ4_K) || is_format(format, kQ5_K)) return open_q4_or_q5_k(format, matrix, row, run);
  if (is_format(format, kQ6_K)) return open_q6_k(matrix, row, run);
  if (is_format(format, kIQ4_XS)) return open_iq4_xs(matrix, row, run);
  return open_small_block(format, matrix, row, run);
}

// Twice the values of E2M1.
const int kMxfp4Codes[16] = int[](0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);
const int kIq4Codes[16] = int[](-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

ivec4 codes_of(Run run, uint q) {
  const uvec4 codes = bytes_of((q < 4u ? run.first[q & 3u] : run.second[q & 3u]) >> run.shift);
  const uvec4 extra = bytes_of(q < 4u ? run.first_extra[q & 3u] : run.second_extra[q & 3u]) >> run.extra_shift;
  const uvec4 nibbles = codes & 15u;
  if (is_format(run.format, kQ8_0)) return (ivec4(codes) << 24) >> 24;
  if (is_format(run.format, kQ2_K)) return ivec4(codes & 3u);
  if (is_format(run.format, kQ3_K)) return ivec4((codes & 3u) | ((extra & 1u) << 2)) - 4;
  if (is_format(run.format, kQ6_K)) return ivec4(nibbles | ((extra & 3u) << 4)) - 32;
  if (is_format(run.format, kQ5_0)) return ivec4(nibbles | ((extra & 1u) << 4)) - 16;
  if (is_format(run.format, kQ5_1) || is_format(run.format, kQ5_K)) return ivec4(nibbles | ((extra & 1u) << 4));
  if (is_format(run.format, kQ4_0)) return ivec4(nibbles) - 8;
  if (is_format(run.format, kMXFP4))
    return ivec4(kMxfp4Codes[nibbles.x], kMxfp4Codes[nibbles.y], kMxfp4Codes[nibbles.z], kMxfp4Codes[nibbles.w]);
  if (is_format(run.format, kIQ4_NL) || is_format(run.format, kIQ4_XS))
    return ivec4(kIq4Codes[nibbles.x], kIq4Codes[nibbles.y], kIq4Codes[nibbles.z], kIq4Codes[nibbles.w]);
  return ivec4(nibbles);
}
float scale_of(Run run, uint q) {
  return run.scale[q >> 2];
}
float offset_of(Run run, uint q) {
  return run.offset[q >> 2];
}
vec4 quad(Run run, uint q) {
  precise vec4 value = vec4(codes_of(run, q)) * scale_of(run, q);
  if (has_offset(run.format)) value = value + offset_of(run, q);
  return value;
}
#else
#error "no weight format is chosen"
#endif
