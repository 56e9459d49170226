// out[r][o] = sum over i of weight[o][i] * x[r][i] for many rows of x: a workgroup computes 64 outputs of 64 rows, from
// tiles of both operands that its threads put into shared memory, 32 inputs at a time. Each thread adds up 8 outputs of
// 4 rows.
#version 450
#extension GL_GOOGLE_include_directive : require
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

const uint kTile = FACET_TILE;
// Rows of a tile lie a little apart, so that threads which write one column meet different banks.
const uint kStride = kTile + 4u;
shared vec4 weight_tile[32u * kStride / 4u];
shared vec4 x_tile[32u * kStride / 4u];
shared uint pairs[kTile];

vec4 x_at(uint cell) {
  if (kWideX) return wide_x[cell >> 2];
  return vec4(x[cell], x[cell + 1u], x[cell + 2u], x[cell + 3u]);
}

void put(uint k, uint place, float value, bool is_weight) {
  const uint at = k * kStride + place;
  if (is_weight)
    weight_tile[at >> 2][at & 3u] = value;
  else
    x_tile[at >> 2][at & 3u] = value;
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
    begin = sorted_pairs[p.first_expert + expert];
    columns = sorted_pairs[p.first_expert + expert + 1u] - begin;
    first_row += expert * p.expert_rows;
    if (first_column >= columns) return;
  }
  // Two threads share a row of each tile: each has 16 of its 32 inputs.
  const uint place = thread >> 1;
  const uint side = thread & 1u;
  if (thread < kTile) {
    uint column = min(first_column + thread, columns - 1u);
    if (kExperts) column = sorted_pairs[p.ids_offset + begin + column];
    pairs[thread] = column;
  }
  barrier();
  const uint row = (first_row + min(first_output + place, p.outputs[0] - 1u)) * p.row_bytes;
  const uint x_row = p.x_offset + (kExperts ? pairs[place] / p.columns_per_x : pairs[place]) * p.x_stride;

  vec4 sums[8];
  for (uint i = 0u; i < 8u; ++i)
    sums[i] = vec4(0.0);
  const uint out_first = 8u * (thread & 7u);
  const uint column_first = 4u * (thread >> 3);
  const uint runs = p.inputs / 32u;
  const uint all_runs = (p.inputs + 31u) / 32u;
  for (uint r = 0u; r < all_runs; ++r) {
    if (r < runs) {
      const Run run = open_run(0u, row, r);
      for (uint i = 0u; i < 4u; ++i) {
        const uint q = 4u * side + i;
        const vec4 w = quad(run, q);
        const vec4 values = x_at(x_row + 32u * r + 4u * q);
        for (uint e = 0u; e < 4u; ++e) {
          put(4u * q + e, place, w[e], true);
          put(4u * q + e, place, values[e], false);
        }
      }
    }
#ifdef FACET_RAGGED
    else {
      for (uint i = 0u; i < 16u; ++i) {
        const uint e = 32u * r + 16u * side + i;
        put(16u * side + i, place, e < p.inputs ? single(0u, row, e) : 0.0, true);
        put(16u * side + i, place, e < p.inputs ? x[x_row + e] : 0.0, false);
      }
    }
#endif
    barrier();
    for (uint k = 0u; k < 32u; ++k) {
      const vec4 low = weight_tile[(k * kStride + out_first) >> 2];
      const vec4 high = weight_tile[(k * kStride + out_first + 4u) >> 2];
      const vec4 values = x_tile[(k * kStride + column_first) >> 2];
      for (uint i = 0u; i < 4u; ++i) {
        sums[i] = fma(vec4(low[i]), values, sums[i]);
        sums[i + 4u] = fma(vec4(high[i]), values, sums[i + 4u]);
      }
    }
    barrier();
  }

  for (uint c = 0u; c < 4u; ++c) {
    if (first_column + column_first + c >= columns) break;
    const uint to = p.out_offset[0] + pairs[column_first + c] * p.out_stride[0];
    for (uint i = 0u; i < 8u; ++i) {
      const uint o = first_output + out_first + i;
      if (o < p.outputs[0]) results[to + o] = sums[i][c];
    }
  }
}
