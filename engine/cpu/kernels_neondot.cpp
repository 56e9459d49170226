#include "engine/cpu/kernels_neon.inc"

namespace facet::engine {

extern const Kernels kNeonDotKernels;
const Kernels kNeonDotKernels = neon_kernels("NEON dot");

}  // namespace facet::engine
