// The experts with the largest logits, in order, and their shares; a workgroup for each row. An expert's place is the
// number of those in front of it.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const bool kScaled = false;
layout(push_constant, std430) uniform Params { RouteParams p; };
layout(binding = 0, std430) readonly buffer Logits { float logits[]; };
layout(binding = 1, std430) readonly buffer Scale { float expert_scale[]; };
layout(binding = 2, std430) writeonly buffer Ids { uint ids[]; };
layout(binding = 3, std430) writeonly buffer Shares { float shares[]; };

#include "exact.glsl"
#include "group_sum.glsl"
#include "order.glsl"

uint place_of(uint row, uint expert) {
  const uint own = order_of(logits[row + expert]);
  uint place = 0u;
  for (uint e = 0u; e < p.experts; ++e) {
    const uint other = order_of(logits[row + e]);
    place += uint(other > own || (other == own && e < expert));
  }
  return place;
}

void main() {
  const uint thread = gl_LocalInvocationID.x;
  const uint row = p.logits_offset + gl_WorkGroupID.x * p.logits_stride;
  float largest = -3e38;
  for (uint e = thread; e < p.experts; e += FACET_GROUP_SIZE)
    largest = max(largest, logits[row + e]);
  largest = group_max(largest);
  precise float sum = 0.0;
  for (uint e = thread; e < p.experts; e += FACET_GROUP_SIZE)
    if (place_of(row, e) < p.chosen) sum += exponential(logits[row + e] - largest);
  sum = group_sum(sum);
  for (uint e = thread; e < p.experts; e += FACET_GROUP_SIZE) {
    const uint place = place_of(row, e);
    if (place >= p.chosen) continue;
    precise float share = exponential(logits[row + e] - largest) / sum;
    if (kScaled) share = share * expert_scale[e];
    ids[p.ids_offset + gl_WorkGroupID.x * p.ids_stride + place] = e;
    shares[p.weights_offset + gl_WorkGroupID.x * p.weights_stride + place] = share;
  }
}
