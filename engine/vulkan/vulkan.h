#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/device_backend.h"

// The door to Vulkan: nothing in it needs Vulkan's own headers.
namespace facet::engine {

// A device as Vulkan describes it.
struct VulkanDevice {
  enum class Kind { Discrete, Integrated, Virtual, Software, Other };

  std::uint32_t index = 0;
  Kind kind = Kind::Other;
  std::string name;
  std::string driver;
  std::string version;  // of Vulkan: "1.3.230"
  std::uint64_t memory_bytes = 0;
  std::uint64_t unused_bytes = 0;  // 0 where the driver does not say
  std::uint64_t largest_allocation = 0;
  std::uint64_t largest_binding = 0;
  std::uint32_t subgroup_size = 0;
  std::uint32_t shared_memory_bytes = 0;
  bool unified_memory = false;
  bool float16 = false;
  bool integer_dot = false;
  bool fast_integer_dot = false;  // it has instructions for the dot product of bytes
  bool matrices = false;  // it multiplies matrices of 16 x 16 halves, a subgroup at a time
  bool storage_8_bit = false;
  bool storage_16_bit = false;
  // Why Facet can not use it; empty when it can.
  std::string refusal;
};

const char* name_of(VulkanDevice::Kind kind);
// "llvmpipe (LLVM 15.0.6, 256 bits), software, Vulkan 1.3.230, 23.5 GiB, ..."
std::string describe(const VulkanDevice& device);

// A sentence when the machine has no Vulkan; no devices is no error.
Result<std::vector<VulkanDevice>> list_vulkan_devices();

// The device that a backend's name asks for: empty for "vulkan", the best one; what follows the colon in "vulkan:1" and
// "vulkan:integrated"; nothing for a name that means no Vulkan device.
std::optional<std::string> vulkan_device_in(const std::string& backend);

// The devices that `wanted` means and that can be used, the best first. A sentence when there is none.
Result<std::vector<VulkanDevice>> find_vulkan_devices(const std::string& wanted);

// The forms that the kernels have for a device, in the order in which they are given up: the last is the plainest. Where
// a driver computes wrong with one, it may compute right with the next. Some round the operands of products of many
// rows, to 8 or 16 bits.
std::vector<std::string> vulkan_forms(const VulkanDevice& device, bool may_round);
bool is_vulkan_form(const std::string& name);
// How far a form's products may be from those of float32, in units of their root mean square.
float vulkan_product_tolerance(const std::string& form);
// Changes when a kernel does.
std::string vulkan_kernels_version();

// `wanted` as above, with the kernels of a form; empty: the first that does not round. A sentence when there is no such
// device, or it can not be used.
Result<std::unique_ptr<DeviceBackend>> open_vulkan(const std::string& wanted, const std::string& form = {});

}  // namespace facet::engine
