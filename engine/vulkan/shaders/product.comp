// out[r][o] = sum over i of weight[o][i] * x[r][i] for few rows of x, and what belongs to such products: up to three
// matrices with the same x, experts, geglu of two products, and the end of a branch.
//
// A workgroup has kRows rows of a matrix for each FACET_LANES of its threads, which share their sums, and up to kColumns
// rows of x: a run of weights is decoded once for all of those.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = FACET_GROUP_SIZE) in;
layout(constant_id = 0) const uint kColumns = 1;
layout(constant_id = 1) const uint kRows = 1;
// The values of vulkan::ProductKind.
layout(constant_id = 2) const uint kKind = 0;
// Whether rows of x begin at multiples of four cells.
layout(constant_id = 3) const bool kWideX = false;
layout(constant_id = 4) const bool kEndsBranch = false;
const bool kExperts = kKind == 1u;
const bool kGatedByProduct = kKind == 2u;
const bool kGatedByCells = kKind == 3u;

layout(push_constant, std430) uniform Params { ProductParams p; };
#include "weights.glsl"
layout(binding = FACET_BINDING_OUT, std430) coherent buffer Out0 { float results0[]; };
layout(binding = FACET_BINDING_OUT + 1, std430) writeonly buffer Out1 { float results1[]; };
layout(binding = FACET_BINDING_OUT + 2, std430) writeonly buffer Out2 { float results2[]; };
layout(binding = FACET_BINDING_IDS, std430) readonly buffer Ids { uint ids[]; };
layout(binding = FACET_BINDING_IDS, std430) readonly buffer Up { float up[]; };

#include "exact.glsl"
#include "gelu.glsl"
#include "formats.glsl"
#include "group_sum.glsl"
#include "branch_end.glsl"
#include "last_group.glsl"

// The second product of a gate, or none.
const uint kProducts = kGatedByProduct ? 2u : 1u;
const uint kSums = kProducts * kRows * kColumns;
shared float lane_sums[FACET_LANE_GROUPS * kSums * FACET_LANES];

vec4 x_at(uint cell) {
  if (kWideX) return wide_x[cell >> 2];
  return vec4(x[cell], x[cell + 1u], x[cell + 2u], x[cell + 3u]);
}

void main() {
  const uint lane = gl_LocalInvocationID.x % FACET_LANES;
  const uint place = gl_LocalInvocationID.x / FACET_LANES;
  const uint first_column = gl_WorkGroupID.y * kColumns;

  // Which of the matrices, and which of its rows.
  uint matrix = 0u;
  uint block = gl_WorkGroupID.x;
  const uint rows_per_group = FACET_LANE_GROUPS * kRows;
  while (matrix + 1u < p.matrices) {
    const uint blocks = (p.outputs[matrix] + rows_per_group - 1u) / rows_per_group;
    if (block < blocks) break;
    block -= blocks;
    ++matrix;
  }
  const uint first_output = block * rows_per_group + place * kRows;
  uint first_row = p.first_row + first_output;
  uint outputs = p.outputs[matrix];
  if (kExperts) {
    const uint expert = ids[p.ids_offset + first_column / p.chosen * p.ids_stride + first_column % p.chosen];
    // The difference wraps around for an expert in front of the buffer's.
    if (expert - p.first_expert >= p.expert_count) outputs = 0u;
    first_row += (expert - p.first_expert) * p.expert_rows;
  }

  uint x_rows[kColumns];
  for (uint c = 0u; c < kColumns; ++c) {
    const uint column = min(first_column + c, p.columns - 1u);
    x_rows[c] = p.x_offset + (kExperts ? column / p.columns_per_x : column) * p.x_stride;
  }
  vec4 sums[kSums];
  for (uint s = 0u; s < kSums; ++s)
    sums[s] = vec4(0.0);
  if (first_output < outputs) {
    const uint runs = p.inputs / 32u;
    for (uint r = lane; r < runs; r += FACET_LANES) {
      Run run[kProducts * kRows];
      for (uint i = 0u; i < kRows; ++i) {
        // Rows behind the last are computed as that one, and not written.
        const uint row = (first_row + min(i, outputs - 1u - first_output)) * p.row_bytes;
        run[i] = open_run(matrix, row, r);
        if (kGatedByProduct) run[kRows + i] = open_run(1u, row, r);
      }
      for (uint q = 0u; q < 8u; ++q) {
        vec4 values[kColumns];
        for (uint c = 0u; c < kColumns; ++c)
          values[c] = x_at(x_rows[c] + 32u * r + 4u * q);
        for (uint i = 0u; i < kProducts * kRows; ++i) {
          const vec4 w = quad(run[i], q);
          for (uint c = 0u; c < kColumns; ++c) {
            precise vec4 sum = fma(w, values[c], sums[i * kColumns + c]);
            sums[i * kColumns + c] = sum;
          }
        }
      }
    }
#ifdef FACET_RAGGED
    // What is left of rows that are no whole runs.
    for (uint e = runs * 32u + lane; e < p.inputs; e += FACET_LANES) {
      for (uint i = 0u; i < kProducts * kRows; ++i) {
        const uint row = (first_row + min(i % kRows, outputs - 1u - first_output)) * p.row_bytes;
        const float w = single(i < kRows ? matrix : 1u, row, e);
        for (uint c = 0u; c < kColumns; ++c) {
          precise float sum = fma(w, x[x_rows[c] + e], sums[i * kColumns + c].x);
          sums[i * kColumns + c].x = sum;
        }
      }
    }
#endif
  }
  for (uint s = 0u; s < kSums; ++s) {
    precise float sum = (sums[s].x + sums[s].y) + (sums[s].z + sums[s].w);
    lane_sums[(place * kSums + s) * FACET_LANES + lane] = sum;
  }
  barrier();

  for (uint i = lane; i < kRows * kColumns; i += FACET_LANES) {
    const uint o = first_output + i / kColumns;
    const uint column = first_column + i % kColumns;
    if (o >= outputs || column >= p.columns) continue;
    const uint from = (place * kSums + i) * FACET_LANES;
    precise float total = 0.0;
    for (uint l = 0u; l < FACET_LANES; ++l)
      total += lane_sums[from + l];
    if (kGatedByProduct) {
      precise float factor = 0.0;
      for (uint l = 0u; l < FACET_LANES; ++l)
        factor += lane_sums[from + kRows * kColumns * FACET_LANES + l];
      total = gelu(total) * factor;
    }
    if (kGatedByCells) total = gelu(total) * up[p.ids_offset + column * p.ids_stride + o];
    const uint at = p.out_offset[matrix] + column * p.out_stride[matrix] + o;
    if (matrix == 0u) results0[at] = total;
    if (matrix == 1u) results1[at] = total;
    if (matrix == 2u) results2[at] = total;
  }

  if (kEndsBranch && is_last_group(0u, gl_NumWorkGroups.x * gl_NumWorkGroups.y)) {
    for (uint row = 0u; row < p.columns; ++row)
      end_branch(row, p.outputs[0], p.out_offset[0] + row * p.out_stride[0], p.end);
  }
}
