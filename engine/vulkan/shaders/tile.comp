// out[r][o] = sum over i of weight[o][i] * x[r][i] for many rows of x: a workgroup computes 64 outputs of 64 rows, from
// tiles of both operands that its threads put into shared memory, 32 inputs at a time. Each thread adds up 8 outputs of
// 4 rows. FACET_TILE_FLOATS, _CODES, _HALVES or _MATRICES says what the tiles consist of.
#version 450
#extension GL_GOOGLE_include_directive : require
#if defined(FACET_TILE_CODES)
#extension GL_EXT_spirv_intrinsics : require
#endif
#if defined(FACET_TILE_HALVES) || defined(FACET_TILE_MATRICES)
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
#if defined(FACET_TILE_MATRICES)
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_NV_cooperative_matrix : require
#endif
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const bool kExperts = false;
layout(constant_id = 1) const bool kWideX = false;
layout(push_constant, std430) uniform Params { ProductParams p; };
#include "weights.glsl"
layout(binding = FACET_BINDING_OUT, std430) writeonly buffer Out { float results[]; };
// The pairs of all experts, those of each together, and where each expert's begin (sort.comp).
layout(binding = FACET_BINDING_IDS, std430) readonly buffer Sorted { uint sorted_pairs[]; };

#include "exact.glsl"
#include "formats.glsl"
#include "product_params.glsl"

const uint kTile = FACET_TILE;
// Rows of a tile lie a little apart, so that threads which write one column meet different banks.
const uint kStride = kTile + 4u;
shared uint pairs[kTile];
// Of this thread: 8 outputs, of 4 rows each.
vec4 sums[8];

#if defined(FACET_TILE_HALVES) || defined(FACET_TILE_MATRICES)
// The largest number stands for larger ones.
f16vec4 halves_of(vec4 values) {
  return f16vec4(clamp(values, -65504.0, 65504.0));
}
#endif
#if defined(FACET_TILE_CODES)
#include "tile_codes.glsl"
#elif defined(FACET_TILE_HALVES)
#include "tile_halves.glsl"
#elif defined(FACET_TILE_MATRICES)
#include "tile_matrices.glsl"
#else
#include "tile_floats.glsl"
#endif

uint row_of_x(uint pair) {
  return p.x_offset + (kExperts ? pair / expert_params().columns_per_x : pair) * p.x_stride;
}

void main() {
  const uint thread = gl_LocalInvocationID.x;
  const uint first_output = gl_WorkGroupID.x * kTile;
  uint first_column = gl_WorkGroupID.y * kTile;
  uint columns = p.columns;
  uint first_row = p.first_row;
  uint begin = 0u;
  if (kExperts) {
    // Experts of the buffer stand in the third direction.
    const uint expert = gl_WorkGroupID.z;
    begin = sorted_pairs[expert_params().first_expert + expert];
    columns = sorted_pairs[expert_params().first_expert + expert + 1u] - begin;
    first_row += expert * expert_params().expert_rows;
    if (first_column >= columns) return;
  }
  // Two threads share a row of each tile: each has 16 of its 32 inputs.
  const uint place = thread >> 1;
  const uint side = thread & 1u;
  if (thread < kTile) {
    uint column = min(first_column + thread, columns - 1u);
    if (kExperts) column = sorted_pairs[expert_params().ids_offset + begin + column];
    pairs[thread] = column;
  }
  barrier();
  const uint row = (first_row + min(first_output + place, p.outputs[0] - 1u)) * p.row_bytes[0];
  const uint x_row = row_of_x(pairs[place]);

  for (uint i = 0u; i < 8u; ++i)
    sums[i] = vec4(0.0);
#if defined(FACET_TILE_MATRICES)
  begin_sums();
#endif
  const uint out_first = 8u * (thread & 7u);
  const uint column_first = 4u * (thread >> 3);
  for (uint r = 0u; r < (p.inputs + 31u) / 32u; ++r) {
    load_run(row, x_row, r, place, side);
    barrier();
    add_run(out_first, column_first);
    barrier();
  }

#if defined(FACET_TILE_MATRICES)
  end_sums(out_first, column_first);
#endif
  for (uint c = 0u; c < 4u; ++c) {
    if (first_column + column_first + c >= columns) break;
    const uint to = p.out_offset[0] + pairs[column_first + c] * p.out_stride[0];
    float scale = 1.0;
#if defined(FACET_TILE_HALVES) || defined(FACET_TILE_MATRICES)
    scale = x[row_of_x(pairs[column_first + c]) + p.inputs / 2u];
#endif
    for (uint i = 0u; i < 8u; ++i) {
      const uint o = first_output + out_first + i;
      if (o < p.outputs[0]) results[to + o] = sums[i][c] * scale;
    }
  }
}
