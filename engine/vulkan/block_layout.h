#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace facet::engine::vulkan {

// Which part of which block everything gets that lies in memory of one type. Arithmetic alone: the same steps that set
// memory aside tell beforehand how much that will be.
class BlockLayout {
 public:
  struct Part {
    std::uint32_t block = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };

  // A part of a block that is there; nothing when none has room.
  std::optional<Part> take(std::uint64_t bytes, std::uint64_t alignment);
  void release(const Part& part);

  // How large a block should be that is added for a part of so many bytes.
  std::uint64_t next_block(std::uint64_t part_bytes) const;
  void add_block(std::uint64_t bytes, std::uint64_t part_bytes);

  // Of all blocks.
  std::uint64_t bytes() const { return bytes_; }

 private:
  using Free = std::map<std::uint64_t, std::uint64_t>;  // offset and size of the parts that nobody has

  std::vector<Free> blocks_;
  std::uint64_t bytes_ = 0;
  std::uint64_t shared_bytes_ = 0;  // of those that were added for a small part
};

}  // namespace facet::engine::vulkan
