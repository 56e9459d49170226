#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/vulkan/device.h"

namespace facet::engine::vulkan {

// Where a buffer should lie: near the device; where the host writes and the device reads; or the other way.
enum class Place { Device, Upload, Readback };

// A buffer and its part of a block. `mapped` is where the host sees it, or null.
struct DeviceBuffer {
  VkBuffer handle = VK_NULL_HANDLE;
  std::uint64_t bytes = 0;
  std::byte* mapped = nullptr;
  std::uint32_t block = 0;
  std::uint64_t offset = 0;
  std::uint64_t room = 0;
};

// A device's memory: few large blocks, of which buffers take parts.
class Memory {
 public:
  explicit Memory(const Device& device) : device_(device) {}
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // `name` completes "there is not enough memory for".
  Result<DeviceBuffer> create(std::uint64_t bytes, Place place, std::string_view name);
  // The device must no longer use it.
  void release(DeviceBuffer& buffer);

 private:
  struct Block {
    VkDeviceMemory memory = VK_NULL_HANDLE;
    std::uint32_t type = 0;
    std::byte* mapped = nullptr;
    std::map<std::uint64_t, std::uint64_t> free;  // offset and size of the parts that nobody has
  };

  Result<std::uint32_t> memory_type(std::uint32_t allowed, Place place) const;
  Status take_part(const VkMemoryRequirements& needs, std::uint32_t type, DeviceBuffer& buffer);
  bool take_part_of(std::uint32_t block, const VkMemoryRequirements& needs, DeviceBuffer& buffer);
  VkResult add_block(std::uint64_t bytes, std::uint32_t type);

  const Device& device_;
  std::vector<Block> blocks_;
};

}  // namespace facet::engine::vulkan
