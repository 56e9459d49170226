#include "engine/cpu/kernels_x86.inc"

namespace facet::engine {

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels = x86_kernels("AVX2");

}  // namespace facet::engine
