#include "dot_emulated.inc"
#define FACET_DOT_PRODUCT emulated_dpbusd
#define FACET_TILES "tests/engine/emulated/tiles_emulated.inc"
#include "engine/cpu/kernels_x86.inc"

namespace facet::engine {

extern const Kernels kEmulatedAmxKernels;
const Kernels kEmulatedAmxKernels = x86_kernels("emulated AMX");

}  // namespace facet::engine
