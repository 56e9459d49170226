// Rows of x as 16-bit floats, two to a word, for products of such: a row is divided by its largest magnitude, which
// comes behind its cells. A workgroup for each row.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(push_constant, std430) uniform Params { RoundParams p; };
layout(binding = 0, std430) readonly buffer X { float x[]; };
layout(binding = 1, std430) writeonly buffer Halves { uint halves[]; };

#include "exact.glsl"
#include "group_sum.glsl"

void main() {
  const uint thread = gl_LocalInvocationID.x;
  const uint from = p.x_offset + gl_WorkGroupID.x * p.x_stride;
  const uint to = gl_WorkGroupID.x * p.out_stride;
  float largest = 0.0;
  float odd = 0.0;
  for (uint i = thread; i < p.width; i += FACET_GROUP_SIZE) {
    const float value = x[from + i];
    if ((floatBitsToUint(value) & 0x7fffffffu) >= 0x7f800000u)
      odd = 1.0;
    else
      largest = max(largest, abs(value));
  }
  largest = group_max(largest);
  odd = group_max(odd);
  // What is no number makes none of all sums that it belongs to.
  const bool is_number = odd == 0.0;
  for (uint w = thread; w < p.width / 2u; w += FACET_GROUP_SIZE) {
    uint word = 0u;
    if (is_number && largest > 0.0)
      word = half_bits(x[from + 2u * w] / largest) | half_bits(x[from + 2u * w + 1u] / largest) << 16;
    halves[to + w] = word;
  }
  if (thread == 0u) halves[to + p.width / 2u] = is_number ? floatBitsToUint(largest) : 0x7fc00000u;
}
