// out[r] = sum over s of weights[r][s] * x[r * chosen + s]
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(push_constant, std430) uniform Params { CombineParams p; };
layout(binding = 0, std430) readonly buffer X { float x[]; };
layout(binding = 1, std430) readonly buffer Weights { float weights[]; };
layout(binding = 2, std430) writeonly buffer Out { float results[]; };

void main() {
  const uint column = gl_GlobalInvocationID.x;
  const uint row = gl_WorkGroupID.y;
  if (column >= p.width) return;
  precise float sum = 0.0;
  for (uint s = 0u; s < p.chosen; ++s) {
    const float value = x[p.x_offset + (row * p.chosen + s) * p.x_stride + column];
    sum = fma(weights[p.weights_offset + row * p.weights_stride + s], value, sum);
  }
  results[p.out_offset + row * p.out_stride + column] = sum;
}
