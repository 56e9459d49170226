// out[r] = sum over k of weight[k] * x[r - kernel + 1 + k], column by column, with zeros in front of the first row
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(push_constant, std430) uniform Params { ConvolveParams p; };
layout(binding = 0, std430) readonly buffer Weight { float weight[]; };
layout(binding = 1, std430) readonly buffer X { float x[]; };
layout(binding = 2, std430) writeonly buffer Out { float results[]; };

void main() {
  const uint column = gl_GlobalInvocationID.x;
  const uint row = gl_WorkGroupID.y;
  if (column >= p.width) return;
  precise float sum = 0.0;
  for (uint k = p.kernel - min(p.kernel, row + 1u); k < p.kernel; ++k)
    sum = fma(weight[column * p.kernel + k], x[p.x_offset + (row + 1u + k - p.kernel) * p.x_stride + column], sum);
  results[p.out_offset + row * p.out_stride + column] = sum;
}
