#include "tests/engine/emulated/emulated_kernels.h"

#include <vector>

namespace facet::engine {

extern const Kernels kPortableTilesKernels;
#if defined(FACET_EMULATES_X86)
extern const Kernels kEmulatedVnniKernels;
extern const Kernels kEmulatedAmxKernels;
#endif

const Kernels* emulated_vnni_kernels() {
#if defined(FACET_EMULATES_X86)
  if (find_kernels("AVX2") != nullptr) return &kEmulatedVnniKernels;
#endif
  return nullptr;
}

std::span<const TiledKernels> emulated_tiles_kernels() {
  static const std::vector<TiledKernels> all = [] {
    std::vector<TiledKernels> found = {{&kPortableTilesKernels, find_kernels("portable")}};
#if defined(FACET_EMULATES_X86)
    if (const Kernels* plain = emulated_vnni_kernels()) found.push_back({&kEmulatedAmxKernels, plain});
#endif
    return found;
  }();
  return all;
}

}  // namespace facet::engine
