#define FACET_TILES "engine/cpu/tiles_amx.inc"
#include "engine/cpu/kernels_x86.inc"

namespace facet::engine {

extern const Kernels kAmxKernels;
const Kernels kAmxKernels = x86_kernels("AMX");

}  // namespace facet::engine
