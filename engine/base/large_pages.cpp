#include "engine/base/large_pages.h"

#include <sys/mman.h>

#include <algorithm>

namespace facet {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kLargePage = std::size_t{2} << 20U;
// Addresses cost nothing, and the end of an area that is left over is never written.
constexpr std::size_t kArea = std::size_t{256} << 20U;

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

LargePages::~LargePages() {
  for (const Area& area : areas_)
    ::munmap(area.first, area.bytes);
}

// What is in front of the first large page and behind the last one goes back at once.
bool LargePages::add_area(std::size_t bytes) {
  const std::size_t size = round_up(std::max(bytes, kArea), kLargePage);
  void* const memory =
      ::mmap(nullptr, size + kLargePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  auto* const begin = static_cast<std::byte*>(memory);
  const std::size_t skipped =
      round_up(reinterpret_cast<std::uintptr_t>(begin), kLargePage) - reinterpret_cast<std::uintptr_t>(begin);
  if (skipped > 0) ::munmap(begin, skipped);
  if (skipped < kLargePage) ::munmap(begin + skipped + size, kLargePage - skipped);
  // A system without large pages has small ones.
  ::madvise(begin + skipped, size, MADV_HUGEPAGE);
  areas_.push_back({begin + skipped, size});
  left_ = size;
  return true;
}

std::byte* LargePages::take(std::size_t bytes) {
  if (bytes > SIZE_MAX / 4) return nullptr;
  const std::size_t whole = round_up(bytes, kCacheLine);
  if (whole > left_ && !add_area(whole)) return nullptr;
  const Area& area = areas_.back();
  std::byte* const piece = area.first + (area.bytes - left_);
  left_ -= whole;
  taken_ += whole;
  return piece;
}

}  // namespace facet
