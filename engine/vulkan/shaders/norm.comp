// out = x * weight / sqrt(mean(x^2) + eps), or added to out; a workgroup for each group of each row.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const bool kWeighted = false;
layout(constant_id = 1) const bool kAdd = false;
layout(push_constant, std430) uniform Params { NormParams p; };
layout(binding = 0, std430) readonly buffer Weight { float weight[]; };
// Not readonly: x may be what is written.
layout(binding = 1, std430) buffer X { float x[]; };
layout(binding = 2, std430) buffer Out { float results[]; };

#include "group_sum.glsl"

void main() {
  const uint thread = gl_LocalInvocationID.x;
  const uint x_first = p.x_offset + gl_WorkGroupID.y * p.x_stride + gl_WorkGroupID.x * p.group;
  const uint out_first = p.out_offset + gl_WorkGroupID.y * p.out_stride + gl_WorkGroupID.x * p.group;
  precise float squares = 0.0;
  for (uint i = thread; i < p.group; i += FACET_GROUP_SIZE)
    squares = fma(x[x_first + i], x[x_first + i], squares);
  const float inverse = 1.0 / sqrt(group_sum(squares) / float(p.group) + p.eps);
  for (uint i = thread; i < p.group; i += FACET_GROUP_SIZE) {
    precise float value = x[x_first + i] * inverse;
    if (kWeighted) value = value * weight[i];
    if (kAdd) value = results[out_first + i] + value;
    results[out_first + i] = value;
  }
}
