// The weight formats, each chosen by FACET_FORMAT_<name> and decoded as engine/formats does it, element by element in
// the order of its formula. A run is 32 consecutive elements of a row; `open_run` reads what they share, `quad` gives
// four of them. Formats with blocks say what that consists of: `codes_of` gives four codes, whole numbers from -128 to
// 127, which `scale_of` multiplies, and, where FACET_HAS_OFFSET, `offset_of` is added. Rows lie on the device as packing.cpp puts them there: first the codes of all blocks, then each further
// field of all blocks, every plane beginning at a multiple of 16 bytes.
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

// The four low nibbles of four bytes, and whole bytes, as numbers.
uvec4 bytes_of(uint word) {
  return (uvec4(word) >> uvec4(0u, 8u, 16u, 24u)) & 0xffu;
}
uvec4 nibbles_of(uint word) {
  return (uvec4(word) >> uvec4(0u, 8u, 16u, 24u)) & 15u;
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

// Blocks of 32 elements whose halves of 16 share bytes: low nibbles first, high ones second.
#elif defined(FACET_FORMAT_Q4_0) || defined(FACET_FORMAT_IQ4_NL) || defined(FACET_FORMAT_IQ4_XS) || \
    defined(FACET_FORMAT_MXFP4)
struct Run {
  uvec4 codes;
  float scale;
};
#if defined(FACET_FORMAT_IQ4_XS)
Run open_run(uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 256u;
  const uint block = run >> 3;
  const uint place = run & 7u;
  const uint header = row + plane_bytes(blocks, 128u) + 8u * block;
  const uint first = word_at(matrix, header);
  const uint low_bits = (word_at(matrix, header + 4u) >> (4u * place)) & 15u;
  const uint high_bits = (first >> (16u + 2u * place)) & 3u;
  const float scale = half_value(first & 0xffffu) * float(int(low_bits | (high_bits << 4)) - 32);
  return Run(four_words_at(matrix, row + 16u * run), scale);
}
#elif defined(FACET_FORMAT_MXFP4)
Run open_run(uint matrix, uint row, uint run) {
  const uint exponent = byte_at(matrix, row + plane_bytes(p.inputs / 32u, 16u) + run);
  const uint scale = exponent < 2u ? 0x00200000u << exponent : (exponent - 1u) << 23;
  return Run(four_words_at(matrix, row + 16u * run), uintBitsToFloat(scale));
}
#else
Run open_run(uint matrix, uint row, uint run) {
  return Run(four_words_at(matrix, row + 16u * run),
             half_at(matrix, row + plane_bytes(p.inputs / 32u, 16u) + 2u * run));
}
#endif
#if defined(FACET_FORMAT_Q4_0)
ivec4 codes_of(Run run, uint q) {
  return ivec4(nibbles_of(run.codes[q & 3u] >> (q & 4u))) - 8;
}
#else
#if defined(FACET_FORMAT_MXFP4)
// Twice the values of E2M1.
const int kCodes[16] = int[](0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);
#else
const int kCodes[16] = int[](-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
#endif
ivec4 codes_of(Run run, uint q) {
  const uvec4 n = nibbles_of(run.codes[q & 3u] >> (q & 4u));
  return ivec4(kCodes[n.x], kCodes[n.y], kCodes[n.z], kCodes[n.w]);
}
#endif
float scale_of(Run run, uint q) {
  return run.scale;
}

#elif defined(FACET_FORMAT_Q4_1) || defined(FACET_FORMAT_Q5_0) || defined(FACET_FORMAT_Q5_1)
struct Run {
  uvec4 codes;
  float scale;
  float offset;
  uint fifths;  // the fifth bits of the 32 codes
};
#if defined(FACET_FORMAT_Q4_1)
Run open_run(uint matrix, uint row, uint run) {
  const uint halves = word_at(matrix, row + plane_bytes(p.inputs / 32u, 16u) + 4u * run);
  return Run(four_words_at(matrix, row + 16u * run), half_value(halves & 0xffffu), half_value(halves >> 16), 0u);
}
#elif defined(FACET_FORMAT_Q5_0)
Run open_run(uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 32u;
  const uint fifths = row + plane_bytes(blocks, 16u);
  return Run(four_words_at(matrix, row + 16u * run),
             half_at(matrix, fifths + plane_bytes(blocks, 4u) + 2u * run), 0.0,
             word_at(matrix, fifths + 4u * run));
}
#else
Run open_run(uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 32u;
  const uint fifths = row + plane_bytes(blocks, 16u);
  const uint halves = word_at(matrix, fifths + plane_bytes(blocks, 4u) + 4u * run);
  return Run(four_words_at(matrix, row + 16u * run), half_value(halves & 0xffffu), half_value(halves >> 16),
             word_at(matrix, fifths + 4u * run));
}
#endif
#if !defined(FACET_FORMAT_Q5_0)
#define FACET_HAS_OFFSET
#endif
ivec4 codes_of(Run run, uint q) {
  uvec4 codes = nibbles_of(run.codes[q & 3u] >> (q & 4u));
#if !defined(FACET_FORMAT_Q4_1)
  codes |= ((uvec4(run.fifths) >> (uvec4(0u, 1u, 2u, 3u) + 4u * q)) & 1u) << 4;
#endif
#if defined(FACET_FORMAT_Q5_0)
  return ivec4(codes) - 16;
#else
  return ivec4(codes);
#endif
}
float scale_of(Run run, uint q) {
  return run.scale;
}
float offset_of(Run run, uint q) {
  return run.offset;
}

#elif defined(FACET_FORMAT_Q8_0)
struct Run {
  uvec4 first;
  uvec4 second;
  float scale;
};
Run open_run(uint matrix, uint row, uint run) {
  return Run(four_words_at(matrix, row + 32u * run), four_words_at(matrix, row + 32u * run + 16u),
             half_at(matrix, row + plane_bytes(p.inputs / 32u, 32u) + 2u * run));
}
ivec4 codes_of(Run run, uint q) {
  const int word = int(q < 4u ? run.first[q & 3u] : run.second[q & 3u]);
  return (ivec4(word) << ivec4(24, 16, 8, 0)) >> 24;
}
float scale_of(Run run, uint q) {
  return run.scale;
}

// Blocks of 256 elements, eight runs: a run's codes are some bits of 32 bytes, which it shares with other runs. Its two
// halves may have a scale each.
#else
struct Run {
  uvec4 first;
  uvec4 second;
  uvec4 first_extra;
  uvec4 second_extra;
  vec2 scale;
  vec2 offset;
  uint shift;        // of a code in its byte
  uint extra_shift;  // of its further bits in theirs
};

#if defined(FACET_FORMAT_Q2_K)
Run open_run(uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 256u;
  const uint block = run >> 3;
  const uint place = run & 7u;
  const uint codes = row + 64u * block + 32u * (place >> 2);
  const uint scales = row + plane_bytes(blocks, 64u);
  const uint packed = two_bytes_at(matrix, scales + 16u * block + 2u * place);
  const uint halves = word_at(matrix, scales + plane_bytes(blocks, 16u) + 4u * block);
  return Run(four_words_at(matrix, codes), four_words_at(matrix, codes + 16u), uvec4(0), uvec4(0),
             half_value(halves & 0xffffu) * vec2(packed & 15u, (packed >> 8) & 15u),
             -half_value(halves >> 16) * vec2((packed >> 4) & 15u, packed >> 12), 2u * (place & 3u), 0u);
}
#define FACET_HAS_OFFSET
ivec4 whole_codes(uvec4 codes, uvec4 extra) {
  return ivec4(codes & 3u);
}

#elif defined(FACET_FORMAT_Q3_K)
float packed_scale(uint matrix, uint packed, float whole, uint g) {
  const uint low_bits = (byte_at(matrix, packed + (g & 7u)) >> (4u * (g >> 3))) & 15u;
  const uint high_bits = (byte_at(matrix, packed + 8u + (g & 3u)) >> (2u * (g >> 2))) & 3u;
  return whole * float(int(low_bits | (high_bits << 4)) - 32);
}
Run open_run(uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 256u;
  const uint block = run >> 3;
  const uint place = run & 7u;
  const uint codes = row + 64u * block + 32u * (place >> 2);
  const uint extra_plane = row + plane_bytes(blocks, 64u);
  const uint extra = extra_plane + 32u * block;
  const uint scales = extra_plane + plane_bytes(blocks, 32u);
  const uint packed = scales + 12u * block;
  const float whole = half_at(matrix, scales + plane_bytes(blocks, 12u) + 2u * block);
  return Run(four_words_at(matrix, codes), four_words_at(matrix, codes + 16u), four_words_at(matrix, extra),
             four_words_at(matrix, extra + 16u),
             vec2(packed_scale(matrix, packed, whole, 2u * place),
                  packed_scale(matrix, packed, whole, 2u * place + 1u)),
             vec2(0.0), 2u * (place & 3u), place);
}
ivec4 whole_codes(uvec4 codes, uvec4 extra) {
  return ivec4((codes & 3u) | ((extra & 1u) << 2)) - 4;
}

#elif defined(FACET_FORMAT_Q4_K) || defined(FACET_FORMAT_Q5_K)
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
Run open_run(uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 256u;
  const uint block = run >> 3;
  const uint place = run & 7u;
  const uint codes = row + 128u * block + 32u * (place >> 1);
  uint headers = row + plane_bytes(blocks, 128u);
  uvec4 first_extra = uvec4(0);
  uvec4 second_extra = uvec4(0);
#if defined(FACET_FORMAT_Q5_K)
  first_extra = four_words_at(matrix, headers + 32u * block);
  second_extra = four_words_at(matrix, headers + 32u * block + 16u);
  headers += plane_bytes(blocks, 32u);
#endif
  const uvec4 header = four_words_at(matrix, headers + 16u * block);
  const uvec2 packed = scale_and_minimum(header, place);
  return Run(four_words_at(matrix, codes), four_words_at(matrix, codes + 16u), first_extra, second_extra,
             vec2(half_value(header.x & 0xffffu) * float(packed.x)),
             vec2(-half_value(header.x >> 16) * float(packed.y)), 4u * (place & 1u), place);
}
#define FACET_HAS_OFFSET
ivec4 whole_codes(uvec4 codes, uvec4 extra) {
#if defined(FACET_FORMAT_Q5_K)
  return ivec4((codes & 15u) | ((extra & 1u) << 4));
#else
  return ivec4(codes & 15u);
#endif
}

#elif defined(FACET_FORMAT_Q6_K)
Run open_run(uint matrix, uint row, uint run) {
  const uint blocks = p.inputs / 256u;
  const uint block = run >> 3;
  const uint place = run & 7u;
  const uint codes = row + 128u * block + 64u * (place >> 2) + 32u * (place & 1u);
  const uint extra_plane = row + plane_bytes(blocks, 128u);
  const uint extra = extra_plane + 64u * block + 32u * (place >> 2);
  const uint scales = extra_plane + plane_bytes(blocks, 64u);
  const int packed = int(two_bytes_at(matrix, scales + 16u * block + 2u * place));
  const float whole = half_at(matrix, scales + plane_bytes(blocks, 16u) + 2u * block);
  return Run(four_words_at(matrix, codes), four_words_at(matrix, codes + 16u), four_words_at(matrix, extra),
             four_words_at(matrix, extra + 16u), whole * vec2((packed << 24) >> 24, (packed << 16) >> 24), vec2(0.0),
             4u * ((place >> 1) & 1u), 2u * (place & 3u));
}
ivec4 whole_codes(uvec4 codes, uvec4 extra) {
  return ivec4((codes & 15u) | ((extra & 3u) << 4)) - 32;
}
#else
#error "no weight format is chosen"
#endif

ivec4 codes_of(Run run, uint q) {
  const uint codes = q < 4u ? run.first[q & 3u] : run.second[q & 3u];
  const uint extra = q < 4u ? run.first_extra[q & 3u] : run.second_extra[q & 3u];
  return whole_codes(bytes_of(codes >> run.shift), bytes_of(extra) >> run.extra_shift);
}
float scale_of(Run run, uint q) {
  return run.scale[q >> 2];
}
float offset_of(Run run, uint q) {
  return run.offset[q >> 2];
}
#endif

#if !defined(FACET_RAGGED)
vec4 quad(Run run, uint q) {
  precise vec4 value = vec4(codes_of(run, q)) * scale_of(run, q);
#if defined(FACET_HAS_OFFSET)
  value = value + offset_of(run, q);
#endif
  return value;
}
#endif
