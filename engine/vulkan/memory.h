#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/vulkan/block_layout.h"
#include "engine/vulkan/device.h"

namespace facet::engine::vulkan {

// Where a buffer should lie: near the device; where the host writes and the device reads; or the other way.
enum class Place { Device, Upload, Readback };

// A buffer and its part of a block. `mapped` is where the host sees it, or null.
struct DeviceBuffer {
  VkBuffer handle = VK_NULL_HANDLE;
  std::uint64_t bytes = 0;
  std::byte* mapped = nullptr;
  std::uint32_t type = 0;
  BlockLayout::Part part;
};

// A device's memory: few large blocks, of which buffers take parts.
class Memory {
 public:
  static Result<std::unique_ptr<Memory>> open(const Device& device);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // `name` completes "there is not enough memory for".
  Result<DeviceBuffer> create(std::uint64_t bytes, Place place, std::string_view name);
  // The device must no longer use it.
  void release(DeviceBuffer& buffer);

  // What the blocks near the device take, and what they will take when buffers of so many bytes have been created
  // there, one after the other.
  std::uint64_t taken_bytes() const;
  std::uint64_t bytes_with(std::span<const std::uint64_t> buffers) const;

 private:
  struct Block {
    VkDeviceMemory memory = VK_NULL_HANDLE;
    std::byte* mapped = nullptr;
  };
  // The blocks of one memory type.
  struct Pool {
    BlockLayout layout;
    std::vector<Block> blocks;
  };

  explicit Memory(const Device& device) : device_(device) {}
  Result<std::uint32_t> memory_type(std::uint32_t allowed, Place place) const;
  Result<VkBuffer> create_handle(std::uint64_t bytes, const std::string& purpose) const;
  Status take_part(const VkMemoryRequirements& needs, DeviceBuffer& buffer);
  VkResult add_block(Pool& pool, std::uint32_t type, std::uint64_t bytes, std::uint64_t part_bytes);

  const Device& device_;
  // Of every buffer near the device.
  std::uint32_t device_type_ = 0;
  std::uint64_t alignment_ = 1;
  std::map<std::uint32_t, Pool> pools_;  // by memory type
};

}  // namespace facet::engine::vulkan
