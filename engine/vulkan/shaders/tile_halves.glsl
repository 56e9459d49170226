// Tiles of 16-bit floats: x was halved (halve.comp), so that no row has a cell larger than one. The products of a run
// are added up in 16 bits, runs in 32.
shared f16vec4 weight_tile[32u * kStride / 4u];
shared f16vec4 x_tile[32u * kStride / 4u];

void load_run(uint row, uint x_row, uint r, uint place, uint side) {
  const Run run = open_run(0u, row, r);
  for (uint q = 4u * side; q < 4u * side + 4u; ++q) {
    const f16vec4 weights = halves_of(quad(run, q));
    const f16vec4 values = f16vec4(unpackFloat2x16(floatBitsToUint(x[x_row + 16u * r + 2u * q])),
                                   unpackFloat2x16(floatBitsToUint(x[x_row + 16u * r + 2u * q + 1u])));
    for (uint e = 0u; e < 4u; ++e) {
      const uint at = (4u * q + e) * kStride + place;
      weight_tile[at >> 2][at & 3u] = weights[e];
      x_tile[at >> 2][at & 3u] = values[e];
    }
  }
}

void add_run(uint out_first, uint column_first) {
  f16vec4 of_run[8];
  for (uint i = 0u; i < 8u; ++i)
    of_run[i] = f16vec4(0.0);
  for (uint k = 0u; k < 32u; ++k) {
    const f16vec4 low = weight_tile[(k * kStride + out_first) >> 2];
    const f16vec4 high = weight_tile[(k * kStride + out_first + 4u) >> 2];
    const f16vec4 values = x_tile[(k * kStride + column_first) >> 2];
    for (uint i = 0u; i < 4u; ++i) {
      of_run[i] = fma(f16vec4(low[i]), values, of_run[i]);
      of_run[i + 4u] = fma(f16vec4(high[i]), values, of_run[i + 4u]);
    }
  }
  for (uint i = 0u; i < 8u; ++i)
    sums[i] += vec4(of_run[i]);
}
