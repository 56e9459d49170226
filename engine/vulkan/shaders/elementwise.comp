// Operations in which a cell depends on the cells at its own place alone.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
// The values of vulkan::Elementwise.
layout(constant_id = 0) const uint kOperation = 0;
layout(push_constant, std430) uniform Params { ElementwiseParams p; };
layout(binding = 0, std430) buffer A { float a[]; };
layout(binding = 1, std430) buffer B { float b[]; };
layout(binding = 2, std430) buffer Out { float results[]; };

#include "exact.glsl"
#include "gelu.glsl"
#include "softcap.glsl"

void main() {
  const uint column = gl_GlobalInvocationID.x;
  if (column >= p.width) return;
  const float value = a[p.a_offset + gl_WorkGroupID.y * p.a_stride + column];
  const uint at = p.out_offset + gl_WorkGroupID.y * p.out_stride + column;
  if (kOperation == 0u) results[at] = value * p.factor;
  if (kOperation == 1u) results[at] = gelu(value) * b[p.b_offset + gl_WorkGroupID.y * p.b_stride + column];
  if (kOperation == 2u) results[at] = capped(value, p.factor);
  // Comparisons, so that what is no number stays none.
  if (kOperation == 3u) {
    const float raised = value < p.factor ? p.factor : value;
    results[at] = raised > p.limit ? p.limit : raised;
  }
  if (kOperation == 4u)
    results[at] = value / (1.0 + exponential(-b[p.b_offset + gl_WorkGroupID.y * p.b_stride + column]));
  if (kOperation == 5u) results[at] = fma(value, p.factor, results[at]);
}
