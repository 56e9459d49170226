#include "engine/cpu/kernels_neon.inc"

namespace facet::engine {

extern const Kernels kNeonKernels;
const Kernels kNeonKernels = neon_kernels("NEON");

}  // namespace facet::engine
