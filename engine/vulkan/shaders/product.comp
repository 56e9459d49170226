// out[r][o] = sum over i of weight[o][i] * x[r][i], and the same with experts.
//
// A workgroup has FACET_OUTPUTS_PER_GROUP rows of the matrix, each of which FACET_LANES threads share, and up to
// kColumns columns: a run of weights is decoded once for all of them.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const uint kColumns = 1;
layout(constant_id = 1) const bool kExperts = false;
layout(push_constant, std430) uniform Params { ProductParams p; };
layout(binding = 0, std430) readonly buffer Weights { uint weights[]; };
layout(binding = 1, std430) readonly buffer X { float x[]; };
layout(binding = 2, std430) writeonly buffer Out { float results[]; };
layout(binding = 3, std430) readonly buffer Ids { uint ids[]; };

#include "exact.glsl"
#include "formats.glsl"

shared float lane_sums[FACET_OUTPUTS_PER_GROUP * kColumns * FACET_LANES];

void main() {
  const uint lane = gl_LocalInvocationID.x % FACET_LANES;
  const uint place = gl_LocalInvocationID.x / FACET_LANES;
  const uint output_row = gl_WorkGroupID.x * FACET_OUTPUTS_PER_GROUP + place;
  const uint first_column = gl_WorkGroupID.y * kColumns;
  uint matrix_row = p.first_row + output_row;
  bool wanted = output_row < p.outputs;
  if (kExperts) {
    const uint expert = ids[p.ids_offset + first_column / p.chosen * p.ids_stride + first_column % p.chosen];
    // The difference wraps around for an expert in front of the buffer's.
    wanted = wanted && expert - p.first_expert < p.expert_count;
    matrix_row += (expert - p.first_expert) * p.expert_rows;
  }

  uint x_rows[kColumns];
  float sums[kColumns];
  for (uint c = 0u; c < kColumns; ++c) {
    const uint column = min(first_column + c, p.columns - 1u);
    x_rows[c] = p.x_offset + (kExperts ? column / p.columns_per_x : column) * p.x_stride;
    sums[c] = 0.0;
  }
  if (wanted) {
    const uint row = matrix_row * p.row_bytes;
    for (uint r = lane; r < p.inputs / 16u; r += FACET_LANES) {
      const Run run = open_run(row, r);
      for (uint q = 0u; q < 4u; ++q) {
        const vec4 w = quad(run, q);
        for (uint c = 0u; c < kColumns; ++c) {
          const uint at = x_rows[c] + 16u * r + 4u * q;
          precise float sum = sums[c];
          sum = fma(w.x, x[at], sum);
          sum = fma(w.y, x[at + 1u], sum);
          sum = fma(w.z, x[at + 2u], sum);
          sum = fma(w.w, x[at + 3u], sum);
          sums[c] = sum;
        }
      }
    }
#ifdef FACET_RAGGED
    // What is left of rows that are no whole runs.
    for (uint i = p.inputs / 16u * 16u + lane; i < p.inputs; i += FACET_LANES) {
      const float w = single(row, i);
      for (uint c = 0u; c < kColumns; ++c) {
        precise float sum = fma(w, x[x_rows[c] + i], sums[c]);
        sums[c] = sum;
      }
    }
#endif
  }
  for (uint c = 0u; c < kColumns; ++c)
    lane_sums[(place * kColumns + c) * FACET_LANES + lane] = sums[c];
  barrier();

  for (uint i = lane; wanted && i < kColumns; i += FACET_LANES) {
    if (first_column + i >= p.columns) continue;
    precise float total = 0.0;
    for (uint l = 0u; l < FACET_LANES; ++l)
      total += lane_sums[(place * kColumns + i) * FACET_LANES + l];
    results[p.out_offset + (first_column + i) * p.out_stride + output_row] = total;
  }
}
