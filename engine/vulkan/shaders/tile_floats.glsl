// Tiles of float32.
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

void add_run(uint out_first, uint column_first) {
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
