#include "engine/vulkan/device.h"

#include <utility>
#include <vector>

#include "engine/vulkan/loader.h"

namespace facet::engine::vulkan {

Result<std::unique_ptr<Device>> Device::open(const std::string& wanted) {
  std::unique_ptr<Device> device(new Device);
  FACET_ASSIGN_OR_RETURN(device->instance_, Instance::open());
  FACET_ASSIGN_OR_RETURN(const auto found, device->instance_->find(wanted));
  device->physical_ = found.front();
  device->functions_ = device->instance_->functions();
  const float priority = 1.0F;
  VkDeviceQueueCreateInfo queue{};
  queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
  queue.queueFamilyIndex = device->physical_->queue_family;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  VkDeviceCreateInfo create{};
  create.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
  create.queueCreateInfoCount = 1;
  create.pQueueCreateInfos = &queue;
  // What the kernels use where it is there.
  const VulkanDevice& description = device->description();
  std::vector<const char*> extensions;
  VkPhysicalDeviceVulkan12Features vulkan12{};
  vulkan12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  vulkan12.shaderFloat16 = description.float16 ? VK_TRUE : VK_FALSE;
  vulkan12.vulkanMemoryModel = description.matrices ? VK_TRUE : VK_FALSE;
  create.pNext = &vulkan12;
  VkPhysicalDeviceShaderIntegerDotProductFeatures dot{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES, nullptr, VK_TRUE};
  if (description.integer_dot) {
    dot.pNext = std::exchange(vulkan12.pNext, &dot);
    extensions.push_back(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME);
  }
  VkPhysicalDeviceCooperativeMatrixFeaturesNV matrices{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV,
                                                       nullptr, VK_TRUE, VK_FALSE};
  if (description.matrices) {
    matrices.pNext = std::exchange(vulkan12.pNext, &matrices);
    extensions.push_back(VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME);
  }
  create.enabledExtensionCount = static_cast<std::uint32_t>(extensions.size());
  create.ppEnabledExtensionNames = extensions.data();
  const VkResult result =
      device->functions_.vkCreateDevice(device->physical_->handle, &create, nullptr, &device->device_);
  if (result != VK_SUCCESS) {
    device->device_ = VK_NULL_HANDLE;
    return vulkan_error(result, "open '" + device->description().name + "'");
  }
  FACET_RETURN_IF_ERROR(load_device_functions(device->functions_, device->device_));
  device->functions_.vkGetDeviceQueue(device->device_, device->physical_->queue_family, 0, &device->queue_);
  return device;
}

Device::~Device() {
  if (device_ != VK_NULL_HANDLE && functions_.vkDestroyDevice != nullptr) functions_.vkDestroyDevice(device_, nullptr);
}

void Device::name(VkObjectType type, std::uint64_t object, std::string_view name) const {
  if (functions_.vkSetDebugUtilsObjectNameEXT == nullptr) return;
  const std::string text(name);
  VkDebugUtilsObjectNameInfoEXT info{};
  info.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT;
  info.objectType = type;
  info.objectHandle = object;
  info.pObjectName = text.c_str();
  functions_.vkSetDebugUtilsObjectNameEXT(device_, &info);
}

}  // namespace facet::engine::vulkan
