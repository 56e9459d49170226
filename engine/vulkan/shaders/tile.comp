// out[r][o] = sum over i of weight[o][i] * x[r][i] for many rows of x: a workgroup computes 64 outputs of 64 rows, from
// tiles of both operands that its threads put into shared memory, 32 inputs at a time. Each thread adds up 8 outputs of
// 4 rows. With FACET_INTEGER, x was rounded to 8 bits (round.comp), and codes are multiplied with codes, four at once.
#version 450
#extension GL_GOOGLE_include_directive : require
#if defined(FACET_INTEGER)
#extension GL_EXT_spirv_intrinsics : require
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

const uint kTile = FACET_TILE;
// Rows of a tile lie a little apart, so that threads which write one column meet different banks.
const uint kStride = kTile + 4u;
shared uint pairs[kTile];

#if defined(FACET_INTEGER)
// Four codes to a word, by their place in the run; then the scales and offsets of both halves of each output's run, and
// each row's scale and sums of halves.
shared uvec4 weight_tile[8u * kStride / 4u];
shared uvec4 x_tile[8u * kStride / 4u];
shared vec4 weight_scales[2u * kStride / 4u];
shared vec4 weight_offsets[2u * kStride / 4u];
shared vec4 x_scales[kStride / 4u];
shared vec4 x_sums[2u * kStride / 4u];

// The sum of the products of four pairs of bytes.
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6018, 6019], id = 4450)
int dot_of_bytes(uint a, uint b, spirv_literal int format_of_packed_bytes);

uint packed(ivec4 codes) {
  const uvec4 bytes = uvec4(codes) & 0xffu;
  return bytes.x | (bytes.y << 8) | (bytes.z << 16) | (bytes.w << 24);
}

// What one thread puts into the tiles: half a run of an output, and of a row.
void load_run(uint row, uint x_row, uint r, uint place, uint side) {
  const Run run = open_run(0u, row, r);
  const uint codes = x_row + 8u * r + 4u * side;
  for (uint i = 0u; i < 4u; ++i) {
    const uint at = (4u * side + i) * kStride + place;
    weight_tile[at >> 2][at & 3u] = packed(codes_of(run, 4u * side + i));
    x_tile[at >> 2][at & 3u] = floatBitsToUint(x[codes + i]);
  }
  const uint scales = x_row + p.inputs / 4u;
  const uint sums = scales + p.inputs / 32u;
  const uint half_place = side * kStride + place;
  weight_scales[half_place >> 2][half_place & 3u] = scale_of(run, 4u * side);
#if defined(FACET_HAS_OFFSET)
  weight_offsets[half_place >> 2][half_place & 3u] = offset_of(run, 4u * side);
#endif
  x_sums[half_place >> 2][half_place & 3u] = x[sums + 2u * r + side];
  if (side == 0u) x_scales[place >> 2][place & 3u] = x[scales + r];
}

void add_run(uint out_first, uint column_first, inout vec4 sums[8]) {
  const vec4 scales = x_scales[column_first >> 2];
  for (uint side = 0u; side < 2u; ++side) {
    ivec4 dots[8];
    for (uint i = 0u; i < 8u; ++i)
      dots[i] = ivec4(0);
    for (uint k = 4u * side; k < 4u * side + 4u; ++k) {
      const uvec4 low = weight_tile[(k * kStride + out_first) >> 2];
      const uvec4 high = weight_tile[(k * kStride + out_first + 4u) >> 2];
      const uvec4 values = x_tile[(k * kStride + column_first) >> 2];
      for (uint i = 0u; i < 8u; ++i) {
        const uint w = i < 4u ? low[i & 3u] : high[i & 3u];
        for (uint c = 0u; c < 4u; ++c)
          dots[i][c] += dot_of_bytes(w, values[c], 0);
      }
    }
    const uint at = (side * kStride + out_first) >> 2;
    const vec4 sums_of_x = x_sums[(side * kStride + column_first) >> 2];
    for (uint i = 0u; i < 8u; ++i) {
      precise vec4 sum = fma(vec4(dots[i]) * weight_scales[at + i / 4u][i & 3u], scales, sums[i]);
#if defined(FACET_HAS_OFFSET)
      sum = fma(vec4(weight_offsets[at + i / 4u][i & 3u]), sums_of_x, sum);
#endif
      sums[i] = sum;
    }
  }
}

#else
shared vec4 weight_tile[32u * kStride / 4u];
shared vec4 x_tile[32u * kStride / 4u];

vec4 x_at(uint cell) {
  if (kWideX) return wide_x[cell >> 2];
  return vec4(x[cell], x[cell + 1u], x[cell + 2u], x[cell + 3u]);
}

void put(uint k, uint place, float weight, float value) {
  const uint at = k * kStride + place;
  weight_tile[at >> 2][at & 3u] = weight;
  x_tile[at >> 2][at & 3u] = value;
}

void load_run(uint row, uint x_row, uint r, uint place, uint side) {
  if (r < p.inputs / 32u) {
    const Run run = open_run(0u, row, r);
    for (uint q = 4u * side; q < 4u * side + 4u; ++q) {
      const vec4 weights = quad(run, q);
      const vec4 values = x_at(x_row + 32u * r + 4u * q);
      for (uint e = 0u; e < 4u; ++e)
        put(4u * q + e, place, weights[e], values[e]);
    }
  }
#ifdef FACET_RAGGED
  else {
    for (uint i = 16u * side; i < 16u * side + 16u; ++i) {
      const uint e = 32u * r + i;
      const bool is_there = e < p.inputs;
      put(i, place, is_there ? single(0u, row, e) : 0.0, is_there ? x[x_row + e] : 0.0);
    }
  }
#endif
}

void add_run(uint out_first, uint column_first, inout vec4 sums[8]) {
  for (uint k = 0u; k < 32u; ++k) {
    const vec4 low = weight_tile[(k * kStride + out_first) >> 2];
    const vec4 high = weight_tile[(k * kStride + out_first + 4u) >> 2];
    const vec4 values = x_tile[(k * kStride + column_first) >> 2];
    for (uint i = 0u; i < 4u; ++i) {
      sums[i] = fma(vec4(low[i]), values, sums[i]);
      sums[i + 4u] = fma(vec4(high[i]), values, sums[i + 4u]);
    }
  }
}
#endif

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
  for (uint r = 0u; r < (p.inputs + 31u) / 32u; ++r) {
    load_run(row, x_row, r, place, side);
    barrier();
    add_run(out_first, column_first, sums);
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
