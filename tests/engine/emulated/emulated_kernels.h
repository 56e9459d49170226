#pragma once

#include <span>

#include "engine/cpu/kernels.h"

// The engine's kernels for processors that need not be at hand: the same sources, with plain C++ in place of the
// instructions that are theirs alone.
namespace facet::engine {

// A set with tiles, and the set that gives the same bits without.
struct TiledKernels {
  const Kernels* tiled;
  const Kernels* plain;
};

// Those that this machine runs.
std::span<const TiledKernels> emulated_tiles_kernels();
// Null where this machine has no AVX2.
const Kernels* emulated_vnni_kernels();

}  // namespace facet::engine
