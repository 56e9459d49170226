// x = (x + sign * shift) * scale, in place
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const bool kScaled = false;
layout(push_constant, std430) uniform Params { ShiftParams p; };
layout(binding = 0, std430) readonly buffer Shift { float shifts[]; };
layout(binding = 1, std430) readonly buffer Scale { float scales[]; };
layout(binding = 2, std430) buffer X { float x[]; };

void main() {
  const uint column = gl_GlobalInvocationID.x;
  if (column >= p.width) return;
  const uint at = p.x_offset + gl_WorkGroupID.y * p.x_stride + column;
  precise float value = fma(p.sign, shifts[column], x[at]);
  if (kScaled) value = value * scales[column];
  x[at] = value;
}
