// out[r][o] = sum over i of weight[o][i] * x[r][i] for few rows of x, and what belongs to such products: up to three
// matrices with the same x, experts, geglu of two products, the end of a branch, and heads made ready for attention.
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
// What the last workgroup does, one of vulkan::ProductEnd, and the format of the caches that heads go to.
layout(constant_id = 4) const uint kEnd = 0;
layout(constant_id = 5) const uint kCacheFormat = 0;
// Of so many a workgroup takes one.
layout(constant_id = 6) const uint kMatrices = 1;
const bool kExperts = kKind == 1u;
const bool kGatedByProduct = kKind == 2u;
const bool kGatedByCells = kKind == 3u;
const bool kEndsBranch = kEnd == 1u;
const bool kPreparesHeads = kEnd == 2u;

layout(push_constant, std430) uniform Params { ProductParams p; };
#include "weights.glsl"
layout(binding = FACET_BINDING_OUT, std430) coherent buffer Out0 { float results0[]; };
layout(binding = FACET_BINDING_OUT + 1, std430) coherent buffer Out1 { float results1[]; };
layout(binding = FACET_BINDING_OUT + 2, std430) coherent buffer Out2 { float results2[]; };
layout(binding = FACET_BINDING_IDS, std430) readonly buffer Ids { uint ids[]; };
layout(binding = FACET_BINDING_IDS, std430) readonly buffer Up { float up[]; };

const uint kHeadCells = kPreparesHeads ? FACET_MOST_HEAD_DIM : 1u;
#include "exact.glsl"
#include "gelu.glsl"
#include "formats.glsl"
#include "group_sum.glsl"
#include "product_params.glsl"
#include "branch_end.glsl"
#include "last_group.glsl"
#include "heads.glsl"

// The second product of a gate, or none.
const uint kProducts = kGatedByProduct ? 2u : 1u;
const uint kSums = kProducts * kRows * kColumns;
shared float lane_sums[FACET_LANE_GROUPS * kSums * FACET_LANES];

vec4 x_at(uint cell) {
  if (kWideX) return wide_x[cell >> 2];
  return vec4(x[cell], x[cell + 1u], x[cell + 2u], x[cell + 3u]);
}

const uint kRowsPerGroup = FACET_LANE_GROUPS * kRows;

// A workgroup has outputs of a single head, those of `matrix` from `block` on. The last one of a head makes it ready, row
// by row.
void prepare_heads(uint matrix, uint block) {
  const HeadParams heads = head_params();
  const uint place = block * kRowsPerGroup / heads.head_dim;
  if (!is_last_group(matrix * FACET_HEAD_COUNTERS + place, heads.head_dim / kRowsPerGroup)) return;
  const uint column = place * heads.head_dim;
  for (uint row = 0u; row < p.columns; ++row) {
    prepare_head(matrix, row, column, p.out_offset[matrix] + row * p.out_stride[matrix] + column,
                 p.out_offset[kValue] + row * p.out_stride[kValue] + column, heads);
    barrier();
  }
}

void main() {
  const uint lane = gl_LocalInvocationID.x % FACET_LANES;
  const uint place = gl_LocalInvocationID.x / FACET_LANES;
  const uint first_column = gl_WorkGroupID.y * kColumns;

  // Which of the matrices, and which of its rows.
  uint matrix = 0u;
  uint block = gl_WorkGroupID.x;
  while (matrix + 1u < kMatrices) {
    const uint blocks = (p.outputs[matrix] + kRowsPerGroup - 1u) / kRowsPerGroup;
    if (block < blocks) break;
    block -= blocks;
    ++matrix;
  }
  const uint first_output = block * kRowsPerGroup + place * kRows;
  uint first_row = p.first_row + first_output;
  uint outputs = p.outputs[matrix];
  const ExpertParams experts = expert_params();
  if (kExperts) {
    const uint expert =
        ids[experts.ids_offset + first_column / experts.chosen * experts.ids_stride + first_column % experts.chosen];
    // The difference wraps around for an expert in front of the buffer's.
    if (expert - experts.first_expert >= experts.expert_count) outputs = 0u;
    first_row += (expert - experts.first_expert) * experts.expert_rows;
  }

  uint x_rows[kColumns];
  for (uint c = 0u; c < kColumns; ++c) {
    const uint column = min(first_column + c, p.columns - 1u);
    x_rows[c] = p.x_offset + (kExperts ? column / experts.columns_per_x : column) * p.x_stride;
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
        const uint row = first_row + min(i, outputs - 1u - first_output);
        run[i] = open_run(matrix, row * p.row_bytes[matrix], r);
        if (kGatedByProduct) run[kRows + i] = open_run(1u, row * p.row_bytes[1], r);
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
        const uint factor = i < kRows ? matrix : 1u;
        const uint row = first_row + min(i % kRows, outputs - 1u - first_output);
        const float w = single(factor, row * p.row_bytes[factor], e);
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
    if (kGatedByCells) total = gelu(total) * up[experts.ids_offset + column * experts.ids_stride + o];
    const uint at = p.out_offset[matrix] + column * p.out_stride[matrix] + o;
    if (matrix == 0u) results0[at] = total;
    if (matrix == 1u) results1[at] = total;
    if (matrix == 2u) results2[at] = total;
  }

  if (kEndsBranch && is_last_group(0u, gl_NumWorkGroups.x * gl_NumWorkGroups.y)) {
    for (uint row = 0u; row < p.columns; ++row)
      end_branch(row, p.outputs[0], p.out_offset[0] + row * p.out_stride[0], branch_end_params());
  }
  if (kPreparesHeads) prepare_heads(matrix, block);
}
