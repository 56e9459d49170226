#include <cstdio>

#include "engine/vulkan/vulkan.h"

namespace facet::engine {

const char* name_of(VulkanDevice::Kind kind) {
  switch (kind) {
    case VulkanDevice::Kind::Discrete:
      return "discrete";
    case VulkanDevice::Kind::Integrated:
      return "integrated";
    case VulkanDevice::Kind::Virtual:
      return "virtual";
    case VulkanDevice::Kind::Software:
      return "software";
    case VulkanDevice::Kind::Other:
      break;
  }
  return "other";
}

std::string describe(const VulkanDevice& device) {
  std::string text = device.name + ", " + name_of(device.kind) + ", Vulkan " + device.version;
  if (!device.refusal.empty()) return text + "; not usable: " + device.refusal;
  char numbers[128];
  std::snprintf(numbers, sizeof numbers, ", %.1f GiB, subgroups of %u, bindings of %llu MiB",
                static_cast<double>(device.memory_bytes) / (1024.0 * 1024.0 * 1024.0), device.subgroup_size,
                static_cast<unsigned long long>(device.largest_binding >> 20U));
  text += numbers;
  if (device.unified_memory) text += ", unified memory";
  if (device.float16) text += ", float16";
  if (device.integer_dot) text += ", integer dot";
  if (device.matrices) text += ", matrices";
  return text;
}

std::optional<std::string> vulkan_device_in(const std::string& backend) {
  const std::string name = "vulkan";
  if (backend == name) return "";
  if (!backend.starts_with(name + ":")) return std::nullopt;
  const std::string wanted = backend.substr(name.size() + 1);
  for (const char* kind : {"discrete", "integrated", "software"})
    if (wanted == kind) return wanted;
  const bool is_index = !wanted.empty() && wanted.size() <= 3 && wanted.find_first_not_of("0123456789") == wanted.npos;
  return is_index ? std::optional(wanted) : std::nullopt;
}

}  // namespace facet::engine
