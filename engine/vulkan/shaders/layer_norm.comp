// out = (x - mean) / sqrt(variance + eps) * weight + bias; a workgroup for each group of each row. The mean is taken off
// before squares are added up: values may be large and alike.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const bool kBiased = false;
layout(push_constant, std430) uniform Params { LayerNormParams p; };
layout(binding = 0, std430) readonly buffer Weight { float weight[]; };
layout(binding = 1, std430) readonly buffer Bias { float bias[]; };
// Not readonly: x may be what is written.
layout(binding = 2, std430) buffer X { float x[]; };
layout(binding = 3, std430) buffer Out { float results[]; };

#include "group_sum.glsl"

void main() {
  const uint thread = gl_LocalInvocationID.x;
  const uint x_first = p.x_offset + gl_WorkGroupID.y * p.x_stride + gl_WorkGroupID.x * p.group;
  const uint out_first = p.out_offset + gl_WorkGroupID.y * p.out_stride + gl_WorkGroupID.x * p.group;
  precise float sum = 0.0;
  for (uint i = thread; i < p.group; i += FACET_GROUP_SIZE)
    sum = sum + x[x_first + i];
  const float mean = group_sum(sum) / float(p.group);
  precise float squares = 0.0;
  for (uint i = thread; i < p.group; i += FACET_GROUP_SIZE) {
    precise float distance = x[x_first + i] - mean;
    squares = fma(distance, distance, squares);
  }
  const float inverse = 1.0 / sqrt(group_sum(squares) / float(p.group) + p.eps);
  for (uint i = thread; i < p.group; i += FACET_GROUP_SIZE) {
    precise float value = (x[x_first + i] - mean) * inverse * weight[i];
    if (kBiased) value = value + bias[i];
    results[out_first + i] = value;
  }
}
