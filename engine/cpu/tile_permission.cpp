#include "engine/cpu/tile_permission.h"

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace facet::engine {
namespace {

// Numbers from Intel's manual (CPUID, XGETBV) and from Linux's asm/prctl.h, which older systems do not have yet.
constexpr unsigned kSystemSavesState = 1U << 27U;                // leaf 1, ecx
constexpr unsigned kTilesWithBytes = (1U << 24U) | (1U << 25U);  // leaf 7, edx: AMX-TILE, AMX-INT8
constexpr unsigned kStateOfTiles = (1U << 17U) | (1U << 18U);    // XCR0: configuration, data
constexpr long kRequestPermission = 0x1023;                      // ARCH_REQ_XCOMP_PERM
constexpr long kDataOfTiles = 18;

bool processor_has_tiles() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kSystemSavesState) == 0) return false;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  return (edx & kTilesWithBytes) == kTilesWithBytes;
}

bool system_saves_tiles() {
  unsigned low = 0;
  unsigned high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & kStateOfTiles) == kStateOfTiles;
}

}  // namespace

bool may_use_tiles() {
  return processor_has_tiles() && system_saves_tiles() &&
         syscall(SYS_arch_prctl, kRequestPermission, kDataOfTiles) == 0;
}

}  // namespace facet::engine

#else

namespace facet::engine {

bool may_use_tiles() {
  return false;
}

}  // namespace facet::engine

#endif
