// The end of a branch that is there already; a workgroup for each row.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(push_constant, std430) uniform Params { BranchParams p; };
layout(binding = FACET_BINDING_OUT, std430) readonly buffer Branch { float results0[]; };

#include "group_sum.glsl"
#include "branch_end.glsl"

void main() {
  const uint row = gl_WorkGroupID.x;
  end_branch(row, p.width, p.branch_offset + row * p.branch_stride, p.end);
}
