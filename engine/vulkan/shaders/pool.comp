// The rows of x lie in a grid; out has the sum of each square of side * side of them, times a factor.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(push_constant, std430) uniform Params { PoolParams p; };
layout(binding = 0, std430) readonly buffer X { float x[]; };
layout(binding = 1, std430) writeonly buffer Out { float results[]; };

void main() {
  const uint column = gl_GlobalInvocationID.x;
  const uint row = gl_WorkGroupID.y;
  if (column >= p.width) return;
  const uint squares = p.columns / p.side;
  const uint corner = row / squares * p.side * p.columns + row % squares * p.side;
  precise float sum = 0.0;
  for (uint v = 0u; v < p.side; ++v)
    for (uint u = 0u; u < p.side; ++u)
      sum = sum + x[p.x_offset + (corner + v * p.columns + u) * p.x_stride + column];
  results[p.out_offset + row * p.out_stride + column] = sum * p.factor;
}
