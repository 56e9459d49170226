#include "engine/cpu/kernels_x86.inc"

namespace facet::engine {

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels = x86_kernels("AVX-512 VNNI");

}  // namespace facet::engine
