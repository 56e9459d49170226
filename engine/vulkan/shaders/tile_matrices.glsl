// Tiles of 16-bit floats, as in tile_halves.glsl, multiplied by the device's instructions for matrices of 16 x 16, with
// sums in 32 bits. Every subgroup has some of the strips of 16 rows of x, with the four matrices of 16 outputs each.
#define MATRIX 16u
#define MATRICES 4
// Cells of a row, which begins at a multiple of 16 bytes and at another bank than the one before.
#define HALVES 40u

layout(constant_id = 2) const uint kStrips = 1;  // of a subgroup

shared float16_t weight_tile[kTile * HALVES];
shared float16_t x_tile[kTile * HALVES];
shared float gathered[kTile * kTile];

fcoopmatNV<32, gl_ScopeSubgroup, 16, 16> accumulators[MATRICES * kStrips];

void load_run(uint row, uint x_row, uint r, uint place, uint side) {
  const Run run = open_run(0u, row, r);
  for (uint q = 4u * side; q < 4u * side + 4u; ++q) {
    const f16vec4 weights = halves_of(quad(run, q));
    const f16vec2 first = unpackFloat2x16(floatBitsToUint(x[x_row + 16u * r + 2u * q]));
    const f16vec2 second = unpackFloat2x16(floatBitsToUint(x[x_row + 16u * r + 2u * q + 1u]));
    const uint at = place * HALVES + 4u * q;
    for (uint e = 0u; e < 4u; ++e)
      weight_tile[at + e] = weights[e];
    x_tile[at] = first.x;
    x_tile[at + 1u] = first.y;
    x_tile[at + 2u] = second.x;
    x_tile[at + 3u] = second.y;
  }
}

void begin_sums() {
  for (uint i = 0u; i < MATRICES * kStrips; ++i)
    accumulators[i] = fcoopmatNV<32, gl_ScopeSubgroup, 16, 16>(0.0);
}

void add_run(uint out_first, uint column_first) {
  for (uint k = 0u; k < 32u; k += MATRIX) {
    for (uint s = 0u; s < kStrips; ++s) {
      const uint strip = gl_SubgroupID * kStrips + s;
      // Inputs by rows of x: the tile has them the other way around.
      fcoopmatNV<16, gl_ScopeSubgroup, 16, 16> values;
      coopMatLoadNV(values, x_tile, strip * MATRIX * HALVES + k, HALVES, true);
      for (uint m = 0u; m < MATRICES; ++m) {
        fcoopmatNV<16, gl_ScopeSubgroup, 16, 16> weights;
        coopMatLoadNV(weights, weight_tile, m * MATRIX * HALVES + k, HALVES, false);
        accumulators[s * MATRICES + m] = coopMatMulAddNV(weights, values, accumulators[s * MATRICES + m]);
      }
    }
  }
}

// To where all threads find the sums of theirs.
void end_sums(uint out_first, uint column_first) {
  for (uint s = 0u; s < kStrips; ++s)
    for (uint m = 0u; m < MATRICES; ++m)
      coopMatStoreNV(accumulators[s * MATRICES + m], gathered,
                     (gl_SubgroupID * kStrips + s) * MATRIX * kTile + m * MATRIX, kTile, true);
  barrier();
  for (uint i = 0u; i < 8u; ++i)
    for (uint c = 0u; c < 4u; ++c)
      sums[i][c] = gathered[(column_first + c) * kTile + out_first + i];
}
