// cache[(first_position + r) mod rows] = x[r], rounded to the cache's format. A thread writes whole words: one or two
// values, or two blocks of 32.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const uint kFormat = 0;
layout(push_constant, std430) uniform Params { StoreParams p; };
layout(binding = 0, std430) readonly buffer X { float x[]; };
layout(binding = 1, std430) writeonly buffer Cache { uint cache[]; };

#include "exact.glsl"
#include "cache.glsl"

// Writes the codes of a block and returns its scale as a half.
uint store_block(uint from, uint to) {
  float largest = 0.0;
  for (uint i = 0u; i < 32u; ++i)
    largest = max(largest, abs(x[from + i]));
  const float scale = divide(largest, 127.0);
  // Zero as well where the reciprocal would be infinite: a scale that small is zero as a half.
  const float inverse = scale >= 1.17549435e-38 ? divide(1.0, scale) : 0.0;
  for (uint w = 0u; w < 8u; ++w) {
    uint word = 0u;
    for (uint i = 0u; i < 4u; ++i) {
      precise float scaled = x[from + 4u * w + i] * inverse;
      word |= (uint(int(round_away(scaled))) & 0xffu) << (8u * i);
    }
    cache[to + w] = word;
  }
  return half_bits(scale);
}

void main() {
  const uint item = gl_GlobalInvocationID.x;
  const uint from = p.x_offset + gl_WorkGroupID.y * p.x_stride;
  const uint to = (p.first_position + gl_WorkGroupID.y) % p.cache_rows * p.row_words;
  if (kFormat == kCacheF32) {
    if (item < p.width) cache[to + item] = floatBitsToUint(x[from + item]);
  } else if (kFormat == kCacheF16) {
    const uint i = 2u * item;
    if (i >= p.width) return;
    const uint second = i + 1u < p.width ? half_bits(x[from + i + 1u]) : 0u;
    cache[to + item] = half_bits(x[from + i]) | (second << 16);
  } else {
    const uint block = 2u * item;
    const uint blocks = p.width / 32u;
    if (block >= blocks) return;
    uint scales = store_block(from + 32u * block, to + 8u * block);
    if (block + 1u < blocks) scales |= store_block(from + 32u * (block + 1u), to + 8u * (block + 1u)) << 16;
    cache[to + 8u * blocks + item] = scales;
  }
}
