#include <vulkan/vk_layer.h>

#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>
#include <type_traits>

#include "tests/vulkan_layer/fault_plan.h"

// A Vulkan layer: the loader puts these functions between the engine and the driver. Each counts, fails where the plan
// says so, and otherwise hands the call on.
namespace fault_layer {
namespace {

struct DeviceLink {
  VkDevice device = VK_NULL_HANDLE;
  PFN_vkGetDeviceProcAddr get = nullptr;
  PFN_vkDestroyDevice destroy = nullptr;
  std::array<PFN_vkVoidFunction, kDeviceCalls> next = {};
  bool is_lost = false;
};

// The next functions are asked for while the instance is created: later the loader names the first of the chain.
struct InstanceLink {
  VkInstance instance = VK_NULL_HANDLE;
  PFN_vkGetInstanceProcAddr get = nullptr;
  PFN_vkDestroyInstance destroy = nullptr;
  PFN_vkEnumeratePhysicalDevices enumerate_devices = nullptr;
  PFN_vkGetPhysicalDeviceProperties get_properties = nullptr;
  PFN_vkGetPhysicalDeviceProperties2 get_properties2 = nullptr;

  template <typename Function>
  void find(Function& function, const char* name) const {
    function = reinterpret_cast<Function>(get(instance, name));
  }
};

// By the word that all handles of one device, or of one instance, begin with. Entries stay where they are.
struct Links {
  std::mutex mutex;
  std::map<void*, DeviceLink> devices;
  std::map<void*, InstanceLink> instances;
};

Links& links() {
  static Links all;
  return all;
}

template <typename Handle>
void* key_of(Handle handle) {
  return *reinterpret_cast<void**>(handle);
}

template <typename Handle>
DeviceLink& device_of(Handle handle) {
  const std::lock_guard guard(links().mutex);
  return links().devices.at(key_of(handle));
}

template <typename Handle>
InstanceLink& instance_of(Handle handle) {
  const std::lock_guard guard(links().mutex);
  return links().instances.at(key_of(handle));
}

constexpr bool is_create(Call call) {
#define FAULT_LAYER_TEST(name) call == Call::name ||
  return FAULT_LAYER_CREATE_FUNCTIONS(FAULT_LAYER_TEST) false;
}
constexpr bool is_destroy(Call call) {
  return FAULT_LAYER_DESTROY_FUNCTIONS(FAULT_LAYER_TEST) false;
}
constexpr bool fails_when_lost(Call call) {
  return FAULT_LAYER_LOSS_FUNCTIONS(FAULT_LAYER_TEST) false;
#undef FAULT_LAYER_TEST
}

// How many objects a call creates or destroys; the null handle may be destroyed, too.
template <Call kCall, typename... Args>
std::int64_t objects_of(const std::tuple<Args...>& args) {
  if constexpr (kCall == Call::vkCreateComputePipelines) {
    return std::get<1>(args);
  } else if constexpr (is_destroy(kCall)) {
    return std::get<0>(args) == VK_NULL_HANDLE ? 0 : -1;
  } else {
    return is_create(kCall) ? 1 : 0;
  }
}

template <Call kCall, typename Function>
struct Hook;

template <Call kCall, typename Result, typename Handle, typename... Args>
struct Hook<kCall, Result(VKAPI_PTR*)(Handle, Args...)> {
  using Function = Result(VKAPI_PTR*)(Handle, Args...);

  static VKAPI_ATTR Result VKAPI_CALL run(Handle handle, Args... args) {
    DeviceLink& device = device_of(handle);
    const auto next = reinterpret_cast<Function>(device.next[static_cast<std::size_t>(kCall)]);
    const auto injected = strike(kCall);
    if (injected == VK_ERROR_DEVICE_LOST) device.is_lost = true;
    if constexpr (std::is_void_v<Result>) {
      if (injected) return;
      count_objects(objects_of<kCall>(std::tuple<Args...>(args...)));
      next(handle, args...);
    } else {
      // What was handed over before must end before its memory may go, lost or not.
      if constexpr (kCall == Call::vkDeviceWaitIdle) next(handle, args...);
      if (injected) return *injected;
      if (device.is_lost && fails_when_lost(kCall)) return VK_ERROR_DEVICE_LOST;
      const Result result = next(handle, args...);
      if (result == VK_SUCCESS) count_objects(objects_of<kCall>(std::tuple<Args...>(args...)));
      return result;
    }
  }
};

template <typename Info>
Info* link_of(const void* chain, VkStructureType type) {
  for (auto* at = static_cast<const VkBaseInStructure*>(chain); at != nullptr; at = at->pNext) {
    auto* const info = reinterpret_cast<Info*>(const_cast<VkBaseInStructure*>(at));
    if (at->sType == type && info->function == VK_LAYER_LINK_INFO) return info;
  }
  return nullptr;
}

VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo* create,
                                               const VkAllocationCallbacks* allocator, VkInstance* instance) {
  if (const auto injected = strike(Call::vkCreateInstance)) return *injected;
  auto* const link = link_of<VkLayerInstanceCreateInfo>(create->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
  if (link == nullptr) return VK_ERROR_INITIALIZATION_FAILED;
  const PFN_vkGetInstanceProcAddr get = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  const auto next = reinterpret_cast<PFN_vkCreateInstance>(get(VK_NULL_HANDLE, "vkCreateInstance"));
  const VkResult result = next(create, allocator, instance);
  if (result != VK_SUCCESS) return result;
  const std::lock_guard guard(links().mutex);
  InstanceLink& made = links().instances[key_of(*instance)];
  made.instance = *instance;
  made.get = get;
  made.find(made.destroy, "vkDestroyInstance");
  made.find(made.enumerate_devices, "vkEnumeratePhysicalDevices");
  made.find(made.get_properties, "vkGetPhysicalDeviceProperties");
  made.find(made.get_properties2, "vkGetPhysicalDeviceProperties2");
  count_objects(1);
  return result;
}

VKAPI_ATTR void VKAPI_CALL destroy_instance(VkInstance instance, const VkAllocationCallbacks* allocator) {
  if (instance == VK_NULL_HANDLE) return;
  const PFN_vkDestroyInstance next = instance_of(instance).destroy;
  {
    const std::lock_guard guard(links().mutex);
    links().instances.erase(key_of(instance));
  }
  count_objects(-1);
  next(instance, allocator);
}

VKAPI_ATTR VkResult VKAPI_CALL enumerate_devices(VkInstance instance, std::uint32_t* count, VkPhysicalDevice* devices) {
  if (const auto injected = strike(Call::vkEnumeratePhysicalDevices)) return *injected;
  return instance_of(instance).enumerate_devices(instance, count, devices);
}

VKAPI_ATTR void VKAPI_CALL get_properties(VkPhysicalDevice device, VkPhysicalDeviceProperties* properties) {
  instance_of(device).get_properties(device, properties);
  properties->deviceType = pretended_type().value_or(properties->deviceType);
}

VKAPI_ATTR void VKAPI_CALL get_properties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2* properties) {
  instance_of(device).get_properties2(device, properties);
  properties->properties.deviceType = pretended_type().value_or(properties->properties.deviceType);
}

VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo* create,
                                             const VkAllocationCallbacks* allocator, VkDevice* device) {
  if (const auto injected = strike(Call::vkCreateDevice)) return *injected;
  auto* const link = link_of<VkLayerDeviceCreateInfo>(create->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
  if (link == nullptr) return VK_ERROR_INITIALIZATION_FAILED;
  const PFN_vkGetInstanceProcAddr get_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  const PFN_vkGetDeviceProcAddr get = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  const auto next =
      reinterpret_cast<PFN_vkCreateDevice>(get_instance(instance_of(physical).instance, "vkCreateDevice"));
  const VkResult result = next(physical, create, allocator, device);
  if (result != VK_SUCCESS) return result;
  DeviceLink made;
  made.device = *device;
  made.get = get;
  made.destroy = reinterpret_cast<PFN_vkDestroyDevice>(get(*device, "vkDestroyDevice"));
#define FAULT_LAYER_NEXT(name) made.next[static_cast<std::size_t>(Call::name)] = get(*device, #name);
  FAULT_LAYER_DEVICE_FUNCTIONS(FAULT_LAYER_NEXT)
#undef FAULT_LAYER_NEXT
  const std::lock_guard guard(links().mutex);
  links().devices[key_of(*device)] = made;
  count_objects(1);
  return result;
}

VKAPI_ATTR void VKAPI_CALL destroy_device(VkDevice device, const VkAllocationCallbacks* allocator) {
  if (device == VK_NULL_HANDLE) return;
  const PFN_vkDestroyDevice next = device_of(device).destroy;
  {
    const std::lock_guard guard(links().mutex);
    links().devices.erase(key_of(device));
  }
  count_objects(-1);
  next(device, allocator);
}

struct Named {
  const char* name;
  PFN_vkVoidFunction function;
};

PFN_vkVoidFunction find_device_function(const char* name) {
  static const Named all[] = {{"vkDestroyDevice", reinterpret_cast<PFN_vkVoidFunction>(destroy_device)},
#define FAULT_LAYER_HOOK(name) {#name, reinterpret_cast<PFN_vkVoidFunction>(Hook<Call::name, PFN_##name>::run)},
                              FAULT_LAYER_DEVICE_FUNCTIONS(FAULT_LAYER_HOOK)
#undef FAULT_LAYER_HOOK
  };
  for (const Named& function : all)
    if (std::strcmp(function.name, name) == 0) return function.function;
  return nullptr;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_function(VkDevice device, const char* name) {
  if (std::strcmp(name, "vkGetDeviceProcAddr") == 0) return reinterpret_cast<PFN_vkVoidFunction>(get_device_function);
  if (const PFN_vkVoidFunction own = find_device_function(name); own != nullptr) return own;
  return device == VK_NULL_HANDLE ? nullptr : device_of(device).get(device, name);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_instance_function(VkInstance instance, const char* name) {
  static const Named all[] = {
      {"vkGetInstanceProcAddr", reinterpret_cast<PFN_vkVoidFunction>(get_instance_function)},
      {"vkGetDeviceProcAddr", reinterpret_cast<PFN_vkVoidFunction>(get_device_function)},
      {"vkCreateInstance", reinterpret_cast<PFN_vkVoidFunction>(create_instance)},
      {"vkDestroyInstance", reinterpret_cast<PFN_vkVoidFunction>(destroy_instance)},
      {"vkEnumeratePhysicalDevices", reinterpret_cast<PFN_vkVoidFunction>(enumerate_devices)},
      {"vkGetPhysicalDeviceProperties", reinterpret_cast<PFN_vkVoidFunction>(get_properties)},
      {"vkGetPhysicalDeviceProperties2", reinterpret_cast<PFN_vkVoidFunction>(get_properties2)},
      {"vkCreateDevice", reinterpret_cast<PFN_vkVoidFunction>(create_device)},
  };
  for (const Named& function : all)
    if (std::strcmp(function.name, name) == 0) return function.function;
  if (const PFN_vkVoidFunction own = find_device_function(name); own != nullptr) return own;
  return instance == VK_NULL_HANDLE ? nullptr : instance_of(instance).get(instance, name);
}

}  // namespace
}  // namespace fault_layer

extern "C" {

VK_LAYER_EXPORT VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface* versions) {
  versions->loaderLayerInterfaceVersion = CURRENT_LOADER_LAYER_INTERFACE_VERSION;
  versions->pfnGetInstanceProcAddr = fault_layer::get_instance_function;
  versions->pfnGetDeviceProcAddr = fault_layer::get_device_function;
  versions->pfnGetPhysicalDeviceProcAddr = nullptr;
  return VK_SUCCESS;
}

VK_LAYER_EXPORT const fault_layer::Control* facet_fault_control() {
  return &fault_layer::control();
}
}
