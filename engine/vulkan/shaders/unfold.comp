// What a convolution of 3 x 3 in steps of 2 multiplies its matrix with: nine taps of each channel, side by side.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(push_constant, std430) uniform Params { UnfoldParams p; };
layout(binding = 0, std430) readonly buffer X { float x[]; };
layout(binding = 1, std430) writeonly buffer Out { float results[]; };

void main() {
  const uint column = gl_GlobalInvocationID.x;
  const uint row = gl_WorkGroupID.y;
  if (column >= 9u * p.channels) return;
  const uint bands_out = (p.bands + 1u) / 2u;
  const uint tap = column % 9u;
  // In front of the first they wrap around and are too large, like those behind the last.
  const uint time = 2u * (row / bands_out) + tap / 3u - p.padding;
  const uint band = 2u * (row % bands_out) + tap % 3u - 1u;
  float value = 0.0;
  if (time < p.times && band < p.bands) value = x[p.x_offset + (time * p.bands + band) * p.x_stride + column / 9u];
  results[p.out_offset + row * p.out_stride + column] = value;
}
