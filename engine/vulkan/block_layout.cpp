#include "engine/vulkan/block_layout.h"

#include <algorithm>
#include <iterator>

namespace facet::engine::vulkan {
namespace {

// What is larger has a block of its own: the ends of blocks that large parts share would be lost.
constexpr std::uint64_t kLargestShared = 2ULL << 20U;
// The others share blocks, of which each is a small part of what is there already, so that little of the last is lost.
constexpr std::uint64_t kShareOfAll = 8;
constexpr std::uint64_t kSmallestBlock = 4ULL << 20U;
constexpr std::uint64_t kLargestBlock = 64ULL << 20U;

}  // namespace

std::optional<BlockLayout::Part> BlockLayout::take(std::uint64_t bytes, std::uint64_t alignment) {
  for (std::uint32_t block = 0; block < blocks_.size(); ++block) {
    Free& free = blocks_[block];
    for (auto place = free.begin(); place != free.end(); ++place) {
      const auto [first, size] = *place;
      const std::uint64_t begin = (first + alignment - 1) / alignment * alignment;
      const std::uint64_t end = first + size;
      if (begin + bytes > end) continue;
      free.erase(place);
      if (begin > first) free.emplace(first, begin - first);
      if (begin + bytes < end) free.emplace(begin + bytes, end - begin - bytes);
      return Part{block, begin, bytes};
    }
  }
  return std::nullopt;
}

void BlockLayout::release(const Part& part) {
  Free& free = blocks_[part.block];
  auto place = free.emplace(part.offset, part.bytes).first;
  if (const auto next = std::next(place); next != free.end() && place->first + place->second == next->first) {
    place->second += next->second;
    free.erase(next);
  }
  if (place == free.begin()) return;
  if (const auto previous = std::prev(place); previous->first + previous->second == place->first) {
    previous->second += place->second;
    free.erase(place);
  }
}

std::uint64_t BlockLayout::next_block(std::uint64_t part_bytes) const {
  if (part_bytes > kLargestShared) return part_bytes;
  return std::max(part_bytes, std::clamp(shared_bytes_ / kShareOfAll, kSmallestBlock, kLargestBlock));
}

void BlockLayout::add_block(std::uint64_t bytes, std::uint64_t part_bytes) {
  blocks_.push_back({{0, bytes}});
  bytes_ += bytes;
  if (part_bytes <= kLargestShared) shared_bytes_ += bytes;
}

}  // namespace facet::engine::vulkan
