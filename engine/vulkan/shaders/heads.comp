// Makes queries, keys and values ready for attention: norms, rotation, and what the caches keep. A workgroup for each
// head of each row: first the heads of q, then those of k, then those of v, unless the values are made of the keys.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
// The caches' format, or kNoCache.
layout(constant_id = 0) const uint kFormat = 0;
layout(push_constant, std430) uniform Params { HeadParams p; };
layout(binding = 0, std430) buffer Q { float q[]; };
layout(binding = 1, std430) buffer K { float k[]; };
layout(binding = 2, std430) buffer V { float v[]; };
layout(binding = 3, std430) readonly buffer Table { float table[]; };
layout(binding = 4, std430) writeonly buffer Keys { uint keys[]; };
layout(binding = 5, std430) writeonly buffer Values { uint cached_values[]; };
layout(binding = 6, std430) readonly buffer QNorm { float q_norm[]; };
layout(binding = 7, std430) readonly buffer KNorm { float k_norm[]; };
layout(binding = FACET_BINDING_STEP, std430) readonly buffer Step { StepState step_state; };

#include "exact.glsl"
#include "cache.glsl"
#include "group_sum.glsl"

const uint kQuery = 0u;
const uint kKey = 1u;
const uint kValue = 2u;
shared float head[FACET_MOST_HEAD_DIM];
shared float ready[FACET_MOST_HEAD_DIM];
bool stores_keys;

float source_cell(uint i) {
  return ready[i];
}
void put_word(uint at, uint word) {
  if (stores_keys)
    keys[at] = word;
  else
    cached_values[at] = word;
}
#include "store_block.glsl"

float normed(uint i, float inverse, uint kind) {
  precise float value = head[i] * inverse;
  if (kind == kQuery && (p.flags & FACET_HEADS_Q_NORM) != 0u) value = value * q_norm[i];
  if (kind == kKey && (p.flags & FACET_HEADS_K_NORM) != 0u) value = value * k_norm[i];
  return value;
}

float rotated(uint i, float inverse, uint kind, uint angles) {
  const uint part_size = p.head_dim / p.parts;
  const uint half_size = part_size / 2u;
  const uint part = i / part_size;
  const uint in_part = i % part_size;
  const float own = normed(i, inverse, kind);
  const uint pair = in_part < half_size ? in_part : in_part - half_size;
  if (pair >= p.pairs) return own;
  const float other = normed(in_part < half_size ? i + half_size : i - half_size, inverse, kind);
  const uint at = angles + 2u * part * p.pairs + pair;
  const float cosine = table[at];
  const float sine = table[at + p.pairs];
  precise float product = other * sine;
  precise float first = own * cosine - product;
  precise float second = own * cosine + product;
  return in_part < half_size ? first : second;
}

// What is in `ready` goes to a cache, in whole words.
void store(uint row_words, uint rows, uint column, uint width) {
  const uint thread = gl_LocalInvocationID.x;
  const uint position = step_state.position + p.first_position + gl_WorkGroupID.y;
  const uint row = position % rows * row_words;
  barrier();
  if (kFormat == kCacheF32) {
    for (uint i = thread; i < p.head_dim; i += FACET_GROUP_SIZE)
      put_word(row + column + i, floatBitsToUint(ready[i]));
  } else if (kFormat == kCacheF16) {
    for (uint i = thread; i < p.head_dim / 2u; i += FACET_GROUP_SIZE)
      put_word(row + column / 2u + i, half_bits(ready[2u * i]) | (half_bits(ready[2u * i + 1u]) << 16));
  } else if (kFormat == kCacheQ8_0) {
    for (uint i = thread; i < p.head_dim / 64u; i += FACET_GROUP_SIZE) {
      const uint to = row + column / 4u + 16u * i;
      const uint first = store_block(64u * i, to);
      const uint second = store_block(64u * i + 32u, to + 8u);
      put_word(row + width / 4u + column / 64u + i, first | (second << 16));
    }
  }
}

void main() {
  const uint thread = gl_LocalInvocationID.x;
  const uint row = gl_WorkGroupID.y;
  uint place = gl_WorkGroupID.x;
  uint kind = kQuery;
  if (place >= p.q_heads) {
    place -= p.q_heads;
    kind = place < p.kv_heads ? kKey : kValue;
    place = place < p.kv_heads ? place : place - p.kv_heads;
  }
  const uint column = place * p.head_dim;
  const uint q_row = p.q_offset + row * p.q_stride + column;
  const uint k_row = p.k_offset + row * p.k_stride + column;
  const uint v_row = p.v_offset + row * p.v_stride + column;
  precise float squares = 0.0;
  for (uint i = thread; i < p.head_dim; i += FACET_GROUP_SIZE) {
    const float value = kind == kQuery ? q[q_row + i] : kind == kKey ? k[k_row + i] : v[v_row + i];
    head[i] = value;
    squares = fma(value, value, squares);
  }
  const float inverse = 1.0 / sqrt(group_sum(squares) / float(p.head_dim) + p.eps);
  const uint width = p.kv_heads * p.head_dim;

  if (kind == kValue || (kind == kKey && (p.flags & FACET_HEADS_VALUES_ARE_KEYS) != 0u)) {
    for (uint i = thread; i < p.head_dim; i += FACET_GROUP_SIZE) {
      precise float value = head[i] * inverse;
      ready[i] = value;
      v[v_row + i] = value;
    }
    stores_keys = false;
    if (kFormat != kNoCache) store(p.value_row_words, p.value_rows, column, width);
    barrier();
  }
  if (kind == kValue) return;
  const uint angles = p.table_offset + row * p.table_stride;
  for (uint i = thread; i < p.head_dim; i += FACET_GROUP_SIZE) {
    const float value = rotated(i, inverse, kind, angles);
    ready[i] = value;
    if (kind == kQuery)
      q[q_row + i] = value;
    else
      k[k_row + i] = value;
  }
  stores_keys = true;
  if (kind == kKey && kFormat != kNoCache) store(p.key_row_words, p.key_rows, column, width);
}
