// Rounds rows of x to 8 bits for products of codes: groups of 32 cells have one scale, a 127th of the largest. A row
// becomes its codes, four to a word, the scales of its groups, and what the codes of each half group add up to, times
// the scale. A thread for each group.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(push_constant, std430) uniform Params { RoundParams p; };
layout(binding = 0, std430) readonly buffer X { float x[]; };
layout(binding = 1, std430) writeonly buffer Rounded { uint rounded[]; };

#include "exact.glsl"

void main() {
  const uint group = gl_GlobalInvocationID.x;
  const uint row = gl_WorkGroupID.y;
  if (group >= p.width / 32u) return;
  const uint from = p.x_offset + row * p.x_stride + 32u * group;
  const uint to = row * p.out_stride;
  float largest = 0.0;
  bool is_number = true;
  for (uint i = 0u; i < 32u; ++i) {
    const float value = x[from + i];
    is_number = is_number && !isnan(value) && !isinf(value);
    largest = max(largest, abs(value));
  }
  const float inverse = largest > 0.0 && is_number ? divide(127.0, largest) : 0.0;
  // What is no number makes none of all sums that it belongs to.
  const float scale = is_number ? divide(largest, 127.0) : uintBitsToFloat(0x7fc00000u);
  ivec2 sums = ivec2(0);
  for (uint w = 0u; w < 8u; ++w) {
    uint word = 0u;
    for (uint i = 0u; i < 4u; ++i) {
      precise float scaled = is_number ? x[from + 4u * w + i] * inverse : 0.0;
      const int code = int(roundEven(scaled));
      sums[w / 4u] += code;
      word |= (uint(code) & 0xffu) << (8u * i);
    }
    rounded[to + 8u * group + w] = word;
  }
  const uint scales = to + p.width / 4u;
  const uint halves = scales + p.width / 32u;
  rounded[scales + group] = floatBitsToUint(scale);
  precise vec2 moments = scale * vec2(sums);
  rounded[halves + 2u * group] = floatBitsToUint(moments.x);
  rounded[halves + 2u * group + 1u] = floatBitsToUint(moments.y);
}
