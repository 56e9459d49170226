// Attention of a row to itself and the few rows before it, with keys of their own for the distances. A workgroup for
// each head of each row: a thread for each distance, then one for each value.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(push_constant, std430) uniform Params { LocalAttentionParams p; };
layout(binding = 0, std430) readonly buffer Scale { float scales[]; };
layout(binding = 1, std430) readonly buffer Q { float q[]; };
layout(binding = 2, std430) readonly buffer K { float k[]; };
layout(binding = 3, std430) readonly buffer V { float v[]; };
layout(binding = 4, std430) readonly buffer Relative { float relative[]; };
layout(binding = 5, std430) writeonly buffer Out { float results[]; };

#include "exact.glsl"
#include "softcap.glsl"

shared float scores[FACET_MOST_DISTANCES];

float score_of(uint row, uint head, uint distance) {
  const uint from_q = p.q_offset + row * p.q_stride + head;
  const uint from_k = p.k_offset + (row - distance) * p.k_stride + head;
  const uint from_r = p.relative_offset + distance * p.relative_stride + head;
  precise float by_key = 0.0;
  precise float by_distance = 0.0;
  for (uint i = 0u; i < p.head_dim; ++i) {
    precise float query = q[from_q + i] * p.q_factor * scales[i];
    by_key = fma(query, k[from_k + i], by_key);
    by_distance = fma(query, relative[from_r + i], by_distance);
  }
  precise float score = fma(p.k_factor, by_key, by_distance);
  return capped(score, p.cap);
}

void main() {
  const uint thread = gl_LocalInvocationID.x;
  const uint row = gl_WorkGroupID.y;
  const uint head = gl_WorkGroupID.x * p.head_dim;
  const uint seen = min(row + 1u, p.distances);
  if (thread < seen) scores[thread] = score_of(row, head, thread);
  barrier();
  float largest = scores[0];
  for (uint d = 1u; d < seen; ++d)
    largest = max(largest, scores[d]);
  for (uint i = thread; i < p.head_dim; i += FACET_GROUP_SIZE) {
    precise float total = 0.0;
    precise float sum = 0.0;
    for (uint d = 0u; d < seen; ++d) {
      precise float share = exponential(scores[d] - largest);
      total = total + share;
      sum = fma(share, v[p.v_offset + (row - d) * p.v_stride + head + i], sum);
    }
    results[p.out_offset + row * p.out_stride + head + i] = sum / total;
  }
}
