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
layout(binding = FACET_BINDING_STEP, std430) readonly buffer Step { StepState step_state; };

#include "exact.glsl"
#include "cache.glsl"

float source_cell(uint i) {
  return x[i];
}
void put_word(uint at, uint word) {
  cache[at] = word;
}
#include "store_block.glsl"

void main() {
  const uint item = gl_GlobalInvocationID.x;
  const uint from = p.x_offset + gl_WorkGroupID.y * p.x_stride;
  const uint to = (step_state.position + p.first_position + gl_WorkGroupID.y) % p.cache_rows * p.row_words;
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
