#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/vulkan/functions.h"
#include "engine/vulkan/vulkan.h"

namespace facet::engine::vulkan {

// A device of this machine and what Facet has to know of it.
struct PhysicalDevice {
  VkPhysicalDevice handle = VK_NULL_HANDLE;
  VulkanDevice description;
  std::uint32_t queue_family = 0;
  std::array<std::uint8_t, VK_UUID_SIZE> cache_id = {};  // names the driver's compiled kernels
  double seconds_per_tick = 0;       // of the queue's clock; 0 where it has none
  VkPhysicalDeviceMemoryProperties memory = {};
};

// Vulkan itself and the devices it finds. With FACET_VULKAN_VALIDATION=1 in the environment, and the validation layer
// installed, its messages go to the standard error output.
class Instance {
 public:
  static Result<std::unique_ptr<Instance>> open();
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const Functions& functions() const { return functions_; }
  const std::vector<PhysicalDevice>& devices() const { return devices_; }
  // Those that can be used and are of the wanted kind or index, the best first. A sentence when there is none.
  Result<std::vector<const PhysicalDevice*>> find(const std::string& wanted) const;

 private:
  Instance() = default;
  Status find_devices();

  Functions functions_;
  VkInstance instance_ = VK_NULL_HANDLE;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  std::vector<PhysicalDevice> devices_;
};

}  // namespace facet::engine::vulkan
