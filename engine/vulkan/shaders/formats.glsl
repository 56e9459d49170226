// The weight formats, each chosen by FACET_FORMAT_<name> and decoded as engine/formats does it, element by element in
// the order of its formula. A run is 16 consecutive elements of a row; `open_run` reads what they share, `quad` gives
// four of them. Blocks need no alignment: `weights` is read in words, and the buffer has a spare one at its end.

uint byte_at(uint address) {
  return (weights[address >> 2] >> (8u * (address & 3u))) & 0xffu;
}
uint two_bytes_at(uint address) {
  const uint shift = 8u * (address & 3u);
  const uint word = weights[address >> 2] >> shift;
  return (shift == 24u ? word | (weights[(address >> 2) + 1u] << 8) : word) & 0xffffu;
}
uint four_bytes_at(uint address) {
  const uint shift = 8u * (address & 3u);
  const uint word = weights[address >> 2];
  return shift == 0u ? word : (word >> shift) | (weights[(address >> 2) + 1u] << (32u - shift));
}
float half_at(uint address) {
  return half_value(two_bytes_at(address));
}

// The four low nibbles of four bytes, and whole bytes, as numbers.
uvec4 bytes_of(uint word) {
  return (uvec4(word) >> uvec4(0u, 8u, 16u, 24u)) & 0xffu;
}
uvec4 nibbles_of(uint word) {
  return (uvec4(word) >> uvec4(0u, 8u, 16u, 24u)) & 15u;
}

struct Run {
  float scale;
  float offset;
  uint codes;   // where they begin
  uint shift;   // of a code in its byte
  uint extra;   // where further bits begin
  uint extra_shift;
};

#if defined(FACET_FORMAT_F32)
#define FACET_RAGGED
Run open_run(uint row, uint run) {
  return Run(1.0, 0.0, row + 64u * run, 0u, 0u, 0u);
}
vec4 quad(Run run, uint q) {
  const uint at = run.codes + 16u * q;
  return uintBitsToFloat(uvec4(four_bytes_at(at), four_bytes_at(at + 4u), four_bytes_at(at + 8u), four_bytes_at(at + 12u)));
}
float single(uint row, uint i) {
  return uintBitsToFloat(four_bytes_at(row + 4u * i));
}

#elif defined(FACET_FORMAT_F16)
#define FACET_RAGGED
Run open_run(uint row, uint run) {
  return Run(1.0, 0.0, row + 32u * run, 0u, 0u, 0u);
}
vec4 quad(Run run, uint q) {
  const uint a = four_bytes_at(run.codes + 8u * q);
  const uint b = four_bytes_at(run.codes + 8u * q + 4u);
  return vec4(half_value(a & 0xffffu), half_value(a >> 16), half_value(b & 0xffffu), half_value(b >> 16));
}
float single(uint row, uint i) {
  return half_at(row + 2u * i);
}

#elif defined(FACET_FORMAT_BF16)
#define FACET_RAGGED
Run open_run(uint row, uint run) {
  return Run(1.0, 0.0, row + 32u * run, 0u, 0u, 0u);
}
vec4 quad(Run run, uint q) {
  const uint a = four_bytes_at(run.codes + 8u * q);
  const uint b = four_bytes_at(run.codes + 8u * q + 4u);
  return uintBitsToFloat(uvec4(a << 16, a & 0xffff0000u, b << 16, b & 0xffff0000u));
}
float single(uint row, uint i) {
  return uintBitsToFloat(two_bytes_at(row + 2u * i) << 16);
}

// Blocks of 32 elements in two halves of 16, which share bytes: low nibbles first, high ones second.
#elif defined(FACET_FORMAT_Q4_0)
Run open_run(uint row, uint run) {
  const uint block = row + 18u * (run >> 1);
  return Run(half_at(block), 0.0, block + 2u, 4u * (run & 1u), 0u, 0u);
}
vec4 quad(Run run, uint q) {
  return (vec4(nibbles_of(four_bytes_at(run.codes + 4u * q) >> run.shift)) - 8.0) * run.scale;
}

#elif defined(FACET_FORMAT_Q4_1)
Run open_run(uint row, uint run) {
  const uint block = row + 20u * (run >> 1);
  return Run(half_at(block), half_at(block + 2u), block + 4u, 4u * (run & 1u), 0u, 0u);
}
vec4 quad(Run run, uint q) {
  precise vec4 product = vec4(nibbles_of(four_bytes_at(run.codes + 4u * q) >> run.shift)) * run.scale;
  precise vec4 value = product + run.offset;
  return value;
}

#elif defined(FACET_FORMAT_Q5_0)
Run open_run(uint row, uint run) {
  const uint block = row + 22u * (run >> 1);
  return Run(half_at(block), 0.0, block + 6u, 4u * (run & 1u), two_bytes_at(block + 2u + 2u * (run & 1u)), 0u);
}
vec4 quad(Run run, uint q) {
  const uvec4 fifths = ((uvec4(run.extra) >> (uvec4(0u, 1u, 2u, 3u) + 4u * q)) & 1u) << 4;
  return (vec4(nibbles_of(four_bytes_at(run.codes + 4u * q) >> run.shift) | fifths) - 16.0) * run.scale;
}

#elif defined(FACET_FORMAT_Q5_1)
Run open_run(uint row, uint run) {
  const uint block = row + 24u * (run >> 1);
  return Run(half_at(block), half_at(block + 2u), block + 8u, 4u * (run & 1u),
             two_bytes_at(block + 4u + 2u * (run & 1u)), 0u);
}
vec4 quad(Run run, uint q) {
  const uvec4 fifths = ((uvec4(run.extra) >> (uvec4(0u, 1u, 2u, 3u) + 4u * q)) & 1u) << 4;
  precise vec4 product = vec4(nibbles_of(four_bytes_at(run.codes + 4u * q) >> run.shift) | fifths) * run.scale;
  precise vec4 value = product + run.offset;
  return value;
}

#elif defined(FACET_FORMAT_Q8_0)
Run open_run(uint row, uint run) {
  const uint block = row + 34u * (run >> 1);
  return Run(half_at(block), 0.0, block + 2u + 16u * (run & 1u), 0u, 0u, 0u);
}
vec4 quad(Run run, uint q) {
  const int word = int(four_bytes_at(run.codes + 4u * q));
  return vec4((ivec4(word) << ivec4(24, 16, 8, 0)) >> 24) * run.scale;
}

#elif defined(FACET_FORMAT_IQ4_NL) || defined(FACET_FORMAT_IQ4_XS)
const float kNonLinearCodes[16] = float[](-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
#if defined(FACET_FORMAT_IQ4_NL)
Run open_run(uint row, uint run) {
  const uint block = row + 18u * (run >> 1);
  return Run(half_at(block), 0.0, block + 2u, 4u * (run & 1u), 0u, 0u);
}
#else
Run open_run(uint row, uint run) {
  const uint block = row + 136u * (run >> 4);
  const uint pair = (run & 15u) >> 1;
  const uint low_bits = (byte_at(block + 4u + (pair >> 1)) >> (4u * (pair & 1u))) & 15u;
  const uint high_bits = (two_bytes_at(block + 2u) >> (2u * pair)) & 3u;
  const float scale = half_at(block) * float(int(low_bits | (high_bits << 4)) - 32);
  return Run(scale, 0.0, block + 8u + 16u * pair, 4u * (run & 1u), 0u, 0u);
}
#endif
vec4 quad(Run run, uint q) {
  const uvec4 n = nibbles_of(four_bytes_at(run.codes + 4u * q) >> run.shift);
  return run.scale * vec4(kNonLinearCodes[n.x], kNonLinearCodes[n.y], kNonLinearCodes[n.z], kNonLinearCodes[n.w]);
}

#elif defined(FACET_FORMAT_MXFP4)
const float kDoubledE2M1Codes[16] = float[](0, 1, 2, 3, 4, 6, 8, 12, -0.0, -1, -2, -3, -4, -6, -8, -12);
Run open_run(uint row, uint run) {
  const uint block = row + 17u * (run >> 1);
  const uint exponent = byte_at(block);
  const uint scale = exponent < 2u ? 0x00200000u << exponent : (exponent - 1u) << 23;
  return Run(uintBitsToFloat(scale), 0.0, block + 1u, 4u * (run & 1u), 0u, 0u);
}
vec4 quad(Run run, uint q) {
  const uvec4 n = nibbles_of(four_bytes_at(run.codes + 4u * q) >> run.shift);
  return run.scale *
         vec4(kDoubledE2M1Codes[n.x], kDoubledE2M1Codes[n.y], kDoubledE2M1Codes[n.z], kDoubledE2M1Codes[n.w]);
}

// Blocks of 256 elements: 16 runs, of which two have one scale in some formats.
#elif defined(FACET_FORMAT_Q2_K)
Run open_run(uint row, uint run) {
  const uint block = row + 84u * (run >> 4);
  const uint g = run & 15u;
  const uint packed = byte_at(block + g);
  return Run(half_at(block + 80u) * float(packed & 15u), half_at(block + 82u) * float(packed >> 4),
             block + 16u + 32u * (g >> 3) + 16u * (g & 1u), 2u * ((g & 7u) >> 1), 0u, 0u);
}
vec4 quad(Run run, uint q) {
  precise vec4 product = run.scale * vec4(bytes_of(four_bytes_at(run.codes + 4u * q) >> run.shift) & 3u);
  precise vec4 value = product - run.offset;
  return value;
}

#elif defined(FACET_FORMAT_Q3_K)
Run open_run(uint row, uint run) {
  const uint block = row + 110u * (run >> 4);
  const uint g = run & 15u;
  const uint low_bits = (byte_at(block + 96u + (g & 7u)) >> (4u * (g >> 3))) & 15u;
  const uint high_bits = (byte_at(block + 104u + (g & 3u)) >> (2u * (g >> 2))) & 3u;
  const float scale = half_at(block + 108u) * float(int(low_bits | (high_bits << 4)) - 32);
  return Run(scale, 0.0, block + 32u + 32u * (g >> 3) + 16u * (g & 1u), 2u * ((g & 7u) >> 1), block + 16u * (g & 1u),
             g >> 1);
}
vec4 quad(Run run, uint q) {
  const uvec4 raised = (bytes_of(four_bytes_at(run.extra + 4u * q)) >> run.extra_shift) & 1u;
  const uvec4 low_bits = bytes_of(four_bytes_at(run.codes + 4u * q) >> run.shift) & 3u;
  return run.scale * (vec4(low_bits | (raised << 2)) - 4.0);
}

#elif defined(FACET_FORMAT_Q4_K) || defined(FACET_FORMAT_Q5_K)
// The 6-bit scale and minimum of a pair of runs, as engine/formats/k_scales.h reads them.
uvec2 scale_and_minimum(uint packed, uint k) {
  if (k < 4u) return uvec2(byte_at(packed + k), byte_at(packed + k + 4u)) & 63u;
  const uint both = byte_at(packed + k + 4u);
  return uvec2((both & 15u) | ((byte_at(packed + k - 4u) >> 6) << 4), (both >> 4) | ((byte_at(packed + k) >> 6) << 4));
}
#if defined(FACET_FORMAT_Q4_K)
const uint kBlockBytes = 144u;
const uint kCodes = 16u;
#else
const uint kBlockBytes = 176u;
const uint kCodes = 48u;
#endif
Run open_run(uint row, uint run) {
  const uint block = row + kBlockBytes * (run >> 4);
  const uint g = run & 15u;
  const uvec2 packed = scale_and_minimum(block + 4u, g >> 1);
  const uint halves = four_bytes_at(block);
  return Run(half_value(halves & 0xffffu) * float(packed.x), half_value(halves >> 16) * float(packed.y),
             block + kCodes + 32u * (g >> 2) + 16u * (g & 1u), 4u * ((g >> 1) & 1u), block + 16u + 16u * (g & 1u), g >> 1);
}
vec4 quad(Run run, uint q) {
  uvec4 codes = nibbles_of(four_bytes_at(run.codes + 4u * q) >> run.shift);
#if defined(FACET_FORMAT_Q5_K)
  codes |= ((bytes_of(four_bytes_at(run.extra + 4u * q)) >> run.extra_shift) & 1u) << 4;
#endif
  precise vec4 product = run.scale * vec4(codes);
  precise vec4 value = product - run.offset;
  return value;
}

#elif defined(FACET_FORMAT_Q6_K)
Run open_run(uint row, uint run) {
  const uint block = row + 210u * (run >> 4);
  const uint g = run & 15u;
  const uint pair = (g & 7u) >> 1;
  const float scale = half_at(block + 208u) * float(int(byte_at(block + 192u + g) << 24) >> 24);
  return Run(scale, 0.0, block + 64u * (g >> 3) + 32u * (pair & 1u) + 16u * (g & 1u), 4u * (pair >> 1),
             block + 128u + 32u * (g >> 3) + 16u * (g & 1u), 2u * pair);
}
vec4 quad(Run run, uint q) {
  const uvec4 low_bits = nibbles_of(four_bytes_at(run.codes + 4u * q) >> run.shift);
  const uvec4 high_bits = (bytes_of(four_bytes_at(run.extra + 4u * q)) >> run.extra_shift) & 3u;
  return run.scale * (vec4(low_bits | (high_bits << 4)) - 32.0);
}
#else
#error "no weight format is chosen"
#endif
