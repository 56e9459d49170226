#include "dot_emulated.inc"
#define FACET_DOT_PRODUCT emulated_dpbusd
#include "engine/cpu/kernels_x86.inc"

namespace facet::engine {

extern const Kernels kEmulatedVnniKernels;
const Kernels kEmulatedVnniKernels = x86_kernels("emulated VNNI");

}  // namespace facet::engine
