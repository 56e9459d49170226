#include "engine/vulkan/device.h"

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
  VkPhysicalDeviceShaderIntegerDotProductFeatures dot{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES, nullptr, VK_TRUE};
  const char* const extension = VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME;
  if (device->description().integer_dot) {
    create.pNext = &dot;
    create.enabledExtensionCount = 1;
    create.ppEnabledExtensionNames = &extension;
  }
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
