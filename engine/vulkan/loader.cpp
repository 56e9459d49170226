#include "engine/vulkan/loader.h"

#include <dlfcn.h>

namespace facet::engine::vulkan {
namespace {

Error missing(const char* name) {
  return {Error::Code::Unsupported,
          "This machine's Vulkan has no function '" + std::string(name) + "'; a newer graphics driver has it."};
}

}  // namespace

Result<Functions> open_loader(const char* library) {
  void* const handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr)
    return Error{Error::Code::NotFound, "This machine has no Vulkan ('" + std::string(library) +
                                            "' is not there); install a graphics driver that has it, or use the CPU."};
  Functions functions;
  functions.vkGetInstanceProcAddr = reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(handle, "vkGetInstanceProcAddr"));
  if (functions.vkGetInstanceProcAddr == nullptr) return missing("vkGetInstanceProcAddr");
#define FACET_LOAD(name)                                                                                 \
  functions.name = reinterpret_cast<PFN_##name>(functions.vkGetInstanceProcAddr(VK_NULL_HANDLE, #name)); \
  if (functions.name == nullptr) return missing(#name);
  FACET_VULKAN_GLOBAL_FUNCTIONS(FACET_LOAD)
#undef FACET_LOAD
  return functions;
}

Status load_instance_functions(Functions& functions, VkInstance instance) {
#define FACET_LOAD(name)                                                                           \
  functions.name = reinterpret_cast<PFN_##name>(functions.vkGetInstanceProcAddr(instance, #name)); \
  if (functions.name == nullptr) return missing(#name);
  FACET_VULKAN_INSTANCE_FUNCTIONS(FACET_LOAD)
#undef FACET_LOAD
#define FACET_LOAD(name) \
  functions.name = reinterpret_cast<PFN_##name>(functions.vkGetInstanceProcAddr(instance, #name));
  FACET_VULKAN_OPTIONAL_FUNCTIONS(FACET_LOAD)
#undef FACET_LOAD
  return {};
}

Status load_device_functions(Functions& functions, VkDevice device) {
#define FACET_LOAD(name)                                                                       \
  functions.name = reinterpret_cast<PFN_##name>(functions.vkGetDeviceProcAddr(device, #name)); \
  if (functions.name == nullptr) return missing(#name);
  FACET_VULKAN_DEVICE_FUNCTIONS(FACET_LOAD)
#undef FACET_LOAD
  return {};
}

Error vulkan_error(VkResult result, const std::string& what) {
  const std::string sentence = "Vulkan could not " + what + ": ";
  switch (result) {
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
      return {Error::Code::OutOfMemory,
              sentence +
                  "the graphics device has not enough memory left; a shorter context or a smaller model needs "
                  "less, and the CPU needs none of it."};
    case VK_ERROR_OUT_OF_HOST_MEMORY:
      return {Error::Code::OutOfMemory, sentence + "this machine has not enough memory left."};
    case VK_ERROR_DEVICE_LOST:
      return {Error::Code::DeviceLost,
              sentence + "the graphics device was lost; load the model again, or use the CPU."};
    case VK_TIMEOUT:
      return {Error::Code::Internal, sentence + "the graphics device did not answer in time; use the CPU."};
    default:
      return {Error::Code::Internal,
              sentence + "the graphics driver reports error " + std::to_string(result) + "; use the CPU."};
  }
}

}  // namespace facet::engine::vulkan
