#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/vulkan/instance.h"

namespace facet::engine::vulkan {

// An opened device with its one queue. Everything that is made on it must be gone before it is.
class Device {
 public:
  static Result<std::unique_ptr<Device>> open(const std::string& wanted);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const Functions& functions() const { return functions_; }
  VkDevice handle() const { return device_; }
  VkQueue queue() const { return queue_; }
  std::uint32_t queue_family() const { return physical_->queue_family; }
  std::span<const std::uint8_t> cache_id() const { return physical_->cache_id; }
  double seconds_per_tick() const { return physical_->seconds_per_tick; }
  const VulkanDevice& description() const { return physical_->description; }
  const VkPhysicalDeviceMemoryProperties& memory() const { return physical_->memory; }

  // Shows in messages of the validation layer and in debuggers.
  void name(VkObjectType type, std::uint64_t object, std::string_view name) const;

 private:
  Device() = default;

  std::unique_ptr<Instance> instance_;
  const PhysicalDevice* physical_ = nullptr;
  Functions functions_;
  VkDevice device_ = VK_NULL_HANDLE;
  VkQueue queue_ = VK_NULL_HANDLE;
};

}  // namespace facet::engine::vulkan
