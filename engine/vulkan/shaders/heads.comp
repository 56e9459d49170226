// Makes queries, keys and values that are there already ready for attention. A workgroup for each head of each row: first
// the heads of q, then those of k, then those of v, unless the values are made of the keys.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const uint kCacheFormat = 0;
layout(push_constant, std430) uniform Params { HeadsParams p; };
layout(binding = FACET_BINDING_OUT, std430) buffer Q { float results0[]; };
layout(binding = FACET_BINDING_OUT + 1, std430) buffer K { float results1[]; };
layout(binding = FACET_BINDING_OUT + 2, std430) buffer V { float results2[]; };
layout(binding = FACET_BINDING_STEP, std430) readonly buffer Step { StepState step_state; };

const uint kHeadCells = FACET_MOST_HEAD_DIM;
#include "exact.glsl"
#include "group_sum.glsl"
#include "heads.glsl"

void main() {
  const uint row = gl_WorkGroupID.y;
  uint place = gl_WorkGroupID.x;
  uint kind = kQuery;
  if (place >= p.q_heads) {
    place -= p.q_heads;
    kind = place < p.kv_heads ? kKey : kValue;
    place = place < p.kv_heads ? place : place - p.kv_heads;
  }
  const uint column = place * p.heads.head_dim;
  prepare_head(kind, row, column, p.offset[kind] + row * p.stride[kind] + column,
               p.offset[kValue] + row * p.stride[kValue] + column, p.heads);
}
