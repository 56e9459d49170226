#pragma once

#include "engine/base/result.h"
#include "engine/vulkan/functions.h"

namespace facet::engine::vulkan {

// Opens the machine's Vulkan loader, which stays open until the process ends: drivers leave threads behind. A sentence
// when there is none.
Result<Functions> open_loader(const char* library = "libvulkan.so.1");

// Add the functions of an instance and of a device; a sentence that names one which is missing.
Status load_instance_functions(Functions& functions, VkInstance instance);
Status load_device_functions(Functions& functions, VkDevice device);

// What a failed call means for a person. `what` completes "Vulkan could not ...".
Error vulkan_error(VkResult result, const std::string& what);

}  // namespace facet::engine::vulkan
