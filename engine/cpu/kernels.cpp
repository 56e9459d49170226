#include "engine/cpu/kernels.h"

namespace facet::engine {

#if defined(FACET_CPU_AVX2)

extern const Kernels kAvx2Kernels;

const Kernels* avx2_kernels() {
  static const bool usable =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  return usable ? &kAvx2Kernels : nullptr;
}

#else

const Kernels* avx2_kernels() {
  return nullptr;
}

#endif

const Kernels& best_kernels() {
  const Kernels* avx2 = avx2_kernels();
  return avx2 != nullptr ? *avx2 : portable_kernels();
}

}  // namespace facet::engine
