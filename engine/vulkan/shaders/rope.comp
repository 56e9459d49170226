// Rotates the pairs (i, i + head_dim / 2) of every head by the row's angles; a workgroup for each head of each row.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(push_constant, std430) uniform Params { RopeParams p; };
layout(binding = 0, std430) buffer X { float x[]; };
layout(binding = 1, std430) readonly buffer Table { float table[]; };

void main() {
  const uint head = p.x_offset + gl_WorkGroupID.y * p.x_stride + gl_WorkGroupID.x * p.head_dim;
  const uint angles = p.table_offset + gl_WorkGroupID.y * p.table_stride;
  for (uint i = gl_LocalInvocationID.x; i < p.pairs; i += FACET_GROUP_SIZE) {
    const float cosine = table[angles + i];
    const float sine = table[angles + p.pairs + i];
    const float a = x[head + i];
    const float b = x[head + p.head_dim / 2u + i];
    precise float first = a * cosine - b * sine;
    precise float second = b * cosine + a * sine;
    x[head + i] = first;
    x[head + p.head_dim / 2u + i] = second;
  }
}
