#include "engine/cpu/kernels.h"

#include <vector>

#include "engine/cpu/tile_permission.h"

#if defined(FACET_CPU_ARM64)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace facet::engine {

extern const Kernels kPortableKernels;
#if defined(FACET_CPU_X86)
extern const Kernels kAmxKernels;
extern const Kernels kAvx512Kernels;
extern const Kernels kAvxVnniKernels;
extern const Kernels kAvx2Kernels;
#endif
#if defined(FACET_CPU_ARM64)
extern const Kernels kNeonDotKernels;
extern const Kernels kNeonKernels;
#endif

namespace {

std::vector<const Kernels*> find_usable() {
  std::vector<const Kernels*> usable;
#if defined(FACET_CPU_X86)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const bool avx512 =
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
  if (avx2 && avx512) usable.push_back(&kAvx512Kernels);
  // Behind: whether tiles are faster depends on the processor, and is measured (fastest_kernels.h).
  if (avx2 && avx512 && may_use_tiles()) usable.push_back(&kAmxKernels);
  if (avx2 && __builtin_cpu_supports("avxvnni")) usable.push_back(&kAvxVnniKernels);
  if (avx2) usable.push_back(&kAvx2Kernels);
#endif
#if defined(FACET_CPU_ARM64)
  if ((getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0) usable.push_back(&kNeonDotKernels);
  usable.push_back(&kNeonKernels);
#endif
  usable.push_back(&kPortableKernels);
  return usable;
}

}  // namespace

std::span<const Kernels* const> usable_kernels() {
  static const std::vector<const Kernels*> usable = find_usable();
  return usable;
}

const Kernels* find_kernels(std::string_view name) {
  for (const Kernels* kernels : usable_kernels())
    if (kernels->name == name) return kernels;
  return nullptr;
}

}  // namespace facet::engine
