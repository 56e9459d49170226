// Tiles of codes: x was rounded to 8 bits (round.comp), and four codes are multiplied with four at once.
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
  if (has_offset(run.format)) weight_offsets[half_place >> 2][half_place & 3u] = offset_of(run, 4u * side);
  x_sums[half_place >> 2][half_place & 3u] = x[sums + 2u * r + side];
  if (side == 0u) x_scales[place >> 2][place & 3u] = x[scales + r];
}

void add_run(uint out_first, uint column_first) {
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
      if (has_offset(kFirstFormat)) sum = fma(vec4(weight_offsets[at + i / 4u][i & 3u]), sums_of_x, sum);
      sums[i] = sum;
    }
  }
}
