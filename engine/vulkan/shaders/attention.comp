// out[r][h] = sum over j of softmax(q[r][h] . keys[j])[j] * values[j]; a workgroup for each head of each row. Keys are
// taken in segments that begin at fixed positions, and segments are merged in their order, so that it does not matter
// which workgroup computed them: all of a row (kSplit false), or one each, which attention_merge.comp then adds.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const uint kFormat = 0;
layout(constant_id = 1) const bool kSplit = false;
layout(push_constant, std430) uniform Params { AttentionParams p; };
layout(binding = 0, std430) readonly buffer Q { float q[]; };
layout(binding = 1, std430) readonly buffer Keys { uint keys[]; };
layout(binding = 2, std430) readonly buffer Values { uint cached_values[]; };
// With kSplit, for each row, head and segment: the largest score, the sum, then head_dim cells.
layout(binding = 3, std430) writeonly buffer Out { float results[]; };

#include "exact.glsl"
#include "cache.glsl"
#include "group_sum.glsl"
#include "attention_merge.glsl"

const uint kCellsPerThread = FACET_MOST_HEAD_DIM / FACET_GROUP_SIZE;
shared float query[FACET_MOST_HEAD_DIM];
shared float scores[FACET_SEGMENT];

float key_scale(uint row, uint column) {
  const uint block = column / 32u;
  return half_value((keys[row + p.kv_width / 4u + block / 2u] >> (16u * (block & 1u))) & 0xffffu);
}
float key_at(uint row, uint column) {
  if (kFormat == kCacheF32) return uintBitsToFloat(keys[row + column]);
  if (kFormat == kCacheF16) return half_value((keys[row + column / 2u] >> (16u * (column & 1u))) & 0xffffu);
  return float(int(keys[row + column / 4u] << (24u - 8u * (column & 3u))) >> 24) * key_scale(row, column);
}
float value_scale(uint row, uint column) {
  const uint block = column / 32u;
  return half_value((cached_values[row + p.kv_width / 4u + block / 2u] >> (16u * (block & 1u))) & 0xffffu);
}
float value_at(uint row, uint column) {
  if (kFormat == kCacheF32) return uintBitsToFloat(cached_values[row + column]);
  if (kFormat == kCacheF16) return half_value((cached_values[row + column / 2u] >> (16u * (column & 1u))) & 0xffffu);
  return float(int(cached_values[row + column / 4u] << (24u - 8u * (column & 3u))) >> 24) * value_scale(row, column);
}

void main() {
  const uint thread = gl_LocalInvocationID.x;
  const uint head = gl_WorkGroupID.x;
  const uint row = gl_WorkGroupID.y;
  const uint column = head / p.heads_per_kv * p.head_dim;
  const uint position = p.first_position + row;
  const uint first = p.window == 0u || position + 1u < p.window ? 0u : position + 1u - p.window;
  uint first_segment = first / FACET_SEGMENT;
  uint last_segment = position / FACET_SEGMENT;
  if (kSplit) {
    const uint wanted = p.first_segment + gl_WorkGroupID.z;
    // The same for all threads: rows differ in what they see.
    if (wanted < first_segment || wanted > last_segment) return;
    first_segment = last_segment = wanted;
  }

  for (uint d = thread; d < p.head_dim; d += FACET_GROUP_SIZE)
    query[d] = q[p.q_offset + row * p.q_stride + head * p.head_dim + d];
  barrier();

  float sums[kCellsPerThread];
  for (uint i = 0u; i < kCellsPerThread; ++i)
    sums[i] = 0.0;
  float largest = 0.0;
  float total = 0.0;
  for (uint segment = first_segment; segment <= last_segment; ++segment) {
    const uint begin = max(first, segment * FACET_SEGMENT);
    const uint count = min(position + 1u, (segment + 1u) * FACET_SEGMENT) - begin;
    // No score is this small, and their difference to the largest is still a number.
    float segment_largest = -3e38;
    for (uint j = thread; j < count; j += FACET_GROUP_SIZE) {
      const uint key_row = (begin + j) % p.key_rows * p.key_row_words;
      precise float score = 0.0;
      for (uint d = 0u; d < p.head_dim; ++d)
        score = fma(query[d], key_at(key_row, column + d), score);
      scores[j] = score;
      segment_largest = max(segment_largest, score);
    }
    segment_largest = group_max(segment_largest);
    precise float segment_total = 0.0;
    for (uint j = thread; j < count; j += FACET_GROUP_SIZE) {
      const float share = exponential(scores[j] - segment_largest);
      scores[j] = share;
      segment_total += share;
    }
    segment_total = group_sum(segment_total);

    const bool is_first = segment == first_segment;
    Shares shares = Shares(0.0, 1.0);
    if (!is_first) shares = merge_largest(largest, segment_largest);
    largest = is_first ? segment_largest : max(largest, segment_largest);
    total = is_first ? segment_total : merge(total, segment_total, shares);
    for (uint i = 0u; i < kCellsPerThread; ++i) {
      const uint d = thread + i * FACET_GROUP_SIZE;
      if (d >= p.head_dim) continue;
      precise float sum = 0.0;
      for (uint j = 0u; j < count; ++j)
        sum = fma(scores[j], value_at((begin + j) % p.value_rows * p.value_row_words, column + d), sum);
      sums[i] = is_first ? sum : merge(sums[i], sum, shares);
    }
    barrier();
  }

  uint to = p.out_offset + row * p.out_stride + head * p.head_dim;
  if (kSplit) {
    to = ((row * p.heads + head) * p.segments + gl_WorkGroupID.z) * (p.head_dim + 2u);
    if (thread == 0u) {
      results[to] = largest;
      results[to + 1u] = total;
    }
    to += 2u;
  }
  for (uint i = 0u; i < kCellsPerThread; ++i) {
    const uint d = thread + i * FACET_GROUP_SIZE;
    if (d >= p.head_dim) continue;
    precise float value = kSplit ? sums[i] : sums[i] / total;
    results[to + d] = value;
  }
}
