// Adds the segments that attention.comp computed apart, as it does itself; a workgroup for each head of each row.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(push_constant, std430) uniform Params { AttentionParams p; };
layout(binding = 0, std430) readonly buffer Segments { float segments[]; };
layout(binding = 1, std430) writeonly buffer Out { float results[]; };

#include "exact.glsl"
#include "attention_merge.glsl"

void main() {
  const uint head = gl_WorkGroupID.x;
  const uint row = gl_WorkGroupID.y;
  const uint position = p.first_position + row;
  const uint first = p.window == 0u || position + 1u < p.window ? 0u : position + 1u - p.window;
  const uint first_segment = first / FACET_SEGMENT;
  const uint last_segment = position / FACET_SEGMENT;
  const uint length = p.head_dim + 2u;
  const uint from = ((row * p.heads + head) * p.segments + first_segment - p.first_segment) * length;
  for (uint d = gl_LocalInvocationID.x; d < p.head_dim; d += FACET_GROUP_SIZE) {
    float largest = segments[from];
    float total = segments[from + 1u];
    float sum = segments[from + 2u + d];
    for (uint s = 1u; s <= last_segment - first_segment; ++s) {
      const uint at = from + s * length;
      const Shares shares = merge_largest(largest, segments[at]);
      largest = max(largest, segments[at]);
      total = merge(total, segments[at + 1u], shares);
      sum = merge(sum, segments[at + 2u + d], shares);
    }
    precise float value = sum / total;
    results[p.out_offset + row * p.out_stride + head * p.head_dim + d] = value;
  }
}
