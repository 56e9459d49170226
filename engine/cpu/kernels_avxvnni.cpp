#include "engine/cpu/kernels_x86.inc"

namespace facet::engine {

extern const Kernels kAvxVnniKernels;
const Kernels kAvxVnniKernels = x86_kernels("AVX-VNNI");

}  // namespace facet::engine
