#include "engine/vulkan/instance.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/vulkan/loader.h"
#include "engine/vulkan/shaders/params.h"

namespace facet::engine::vulkan {
namespace {

constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";

bool wants_validation(const Functions& functions) {
  const char* const wish = std::getenv("FACET_VULKAN_VALIDATION");
  if (wish == nullptr || std::strcmp(wish, "1") != 0) return false;
  std::uint32_t count = 0;
  if (functions.vkEnumerateInstanceLayerProperties(&count, nullptr) != VK_SUCCESS) return false;
  std::vector<VkLayerProperties> layers(count);
  if (functions.vkEnumerateInstanceLayerProperties(&count, layers.data()) != VK_SUCCESS) return false;
  layers.resize(count);
  return std::any_of(layers.begin(), layers.end(), [](const VkLayerProperties& layer) {
    return std::strcmp(layer.layerName, kValidationLayer) == 0;
  });
}

VKAPI_ATTR VkBool32 VKAPI_CALL print_message(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                                             const VkDebugUtilsMessengerCallbackDataEXT* message, void*) {
  std::fprintf(stderr, "Vulkan validation: %s\n", message->pMessage);
  return VK_FALSE;
}

VulkanDevice::Kind kind_of(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return VulkanDevice::Kind::Discrete;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return VulkanDevice::Kind::Integrated;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return VulkanDevice::Kind::Virtual;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return VulkanDevice::Kind::Software;
    default:
      return VulkanDevice::Kind::Other;
  }
}

std::string version_text(std::uint32_t version) {
  return std::to_string(VK_API_VERSION_MAJOR(version)) + "." + std::to_string(VK_API_VERSION_MINOR(version)) + "." +
         std::to_string(VK_API_VERSION_PATCH(version));
}

struct QueueFamily {
  std::uint32_t index = 0;
  bool has_clock = false;
};

// The first family that computes; one that only computes is no better for a single queue.
std::optional<QueueFamily> compute_family(const Functions& functions, VkPhysicalDevice device) {
  std::uint32_t count = 0;
  functions.vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  functions.vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
  for (std::uint32_t i = 0; i < count; ++i)
    if ((families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) != 0 && families[i].queueCount > 0)
      return QueueFamily{i, families[i].timestampValidBits > 0};
  return std::nullopt;
}

bool has_extension(const Functions& functions, VkPhysicalDevice device, const char* name) {
  std::uint32_t count = 0;
  if (functions.vkEnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr) != VK_SUCCESS) return false;
  std::vector<VkExtensionProperties> extensions(count);
  if (functions.vkEnumerateDeviceExtensionProperties(device, nullptr, &count, extensions.data()) != VK_SUCCESS)
    return false;
  return std::any_of(extensions.begin(), extensions.end(), [name](const VkExtensionProperties& extension) {
    return std::strcmp(extension.extensionName, name) == 0;
  });
}

void read_properties(const Functions& functions, PhysicalDevice& device) {
  VkPhysicalDeviceDriverProperties driver{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, nullptr, {}, {}, {}, {}};
  VkPhysicalDeviceSubgroupProperties subgroup{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES, &driver, 0, 0, 0, 0};
  VkPhysicalDeviceMaintenance3Properties largest{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES, &subgroup,
                                                 0, 0};
  VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &largest, {}};
  functions.vkGetPhysicalDeviceProperties2(device.handle, &properties);
  VulkanDevice& description = device.description;
  description.driver = std::string(driver.driverName) + " " + driver.driverInfo;
  description.largest_allocation = largest.maxMemoryAllocationSize;
  description.largest_binding = properties.properties.limits.maxStorageBufferRange;
  description.subgroup_size = subgroup.subgroupSize;
  description.shared_memory_bytes = properties.properties.limits.maxComputeSharedMemorySize;
}

// Whether the device multiplies 16 x 16 halves with 16 x 16 halves to floats, in subgroups that fill a workgroup.
bool has_matrices(const Functions& functions, const PhysicalDevice& device, bool has_memory_model) {
  const VulkanDevice& description = device.description;
  if (!description.float16 || !has_memory_model) return false;
  if (description.subgroup_size != 32 && description.subgroup_size != 64) return false;
  if (!has_extension(functions, device.handle, VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME)) return false;
  VkPhysicalDeviceCooperativeMatrixFeaturesNV matrices{};
  matrices.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV;
  VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &matrices, {}};
  functions.vkGetPhysicalDeviceFeatures2(device.handle, &features);
  if (matrices.cooperativeMatrix != VK_TRUE) return false;
  const auto list = functions.vkGetPhysicalDeviceCooperativeMatrixPropertiesNV;
  std::uint32_t count = 0;
  if (list == nullptr || list(device.handle, &count, nullptr) != VK_SUCCESS) return false;
  VkCooperativeMatrixPropertiesNV empty{};
  empty.sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_NV;
  std::vector<VkCooperativeMatrixPropertiesNV> kinds(count, empty);
  if (list(device.handle, &count, kinds.data()) != VK_SUCCESS) return false;
  return std::any_of(kinds.begin(), kinds.end(), [](const VkCooperativeMatrixPropertiesNV& kind) {
    return kind.MSize == 16 && kind.NSize == 16 && kind.KSize == 16 && kind.scope == VK_SCOPE_SUBGROUP_NV &&
           kind.AType == VK_COMPONENT_TYPE_FLOAT16_NV && kind.BType == VK_COMPONENT_TYPE_FLOAT16_NV &&
           kind.CType == VK_COMPONENT_TYPE_FLOAT32_NV && kind.DType == VK_COMPONENT_TYPE_FLOAT32_NV;
  });
}

void read_features(const Functions& functions, PhysicalDevice& device) {
  VkPhysicalDeviceVulkan11Features vulkan11{};
  vulkan11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
  VkPhysicalDeviceVulkan12Features vulkan12{};
  vulkan12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  vulkan12.pNext = &vulkan11;
  VkPhysicalDeviceShaderIntegerDotProductFeatures dot{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES, nullptr, VK_FALSE};
  // Drivers that have it by their version still list the extension.
  if (has_extension(functions, device.handle, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME)) vulkan11.pNext = &dot;
  VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &vulkan12, {}};
  functions.vkGetPhysicalDeviceFeatures2(device.handle, &features);
  VulkanDevice& description = device.description;
  description.float16 = vulkan12.shaderFloat16 == VK_TRUE;
  description.integer_dot = dot.shaderIntegerDotProduct == VK_TRUE;
  if (description.integer_dot) {
    VkPhysicalDeviceShaderIntegerDotProductProperties dots{};
    dots.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES;
    VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &dots, {}};
    functions.vkGetPhysicalDeviceProperties2(device.handle, &properties);
    description.fast_integer_dot = dots.integerDotProduct4x8BitPackedSignedAccelerated == VK_TRUE;
  }
  description.matrices = has_matrices(functions, device, vulkan12.vulkanMemoryModel == VK_TRUE);
  description.storage_8_bit = vulkan12.storageBuffer8BitAccess == VK_TRUE;
  description.storage_16_bit = vulkan11.storageBuffer16BitAccess == VK_TRUE;
}

void read_memory(const Functions& functions, PhysicalDevice& device) {
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget{};
  budget.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT;
  VkPhysicalDeviceMemoryProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, nullptr, {}};
  if (has_extension(functions, device.handle, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME)) properties.pNext = &budget;
  functions.vkGetPhysicalDeviceMemoryProperties2(device.handle, &properties);
  device.memory = properties.memoryProperties;
  VulkanDevice& description = device.description;
  description.unified_memory = true;
  for (std::uint32_t i = 0; i < device.memory.memoryHeapCount; ++i) {
    const VkMemoryHeap& heap = device.memory.memoryHeaps[i];
    if ((heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) == 0) {
      description.unified_memory = false;
      continue;
    }
    // A second heap is a window of the first for the host, on devices that have one.
    if (heap.size <= description.memory_bytes) continue;
    description.memory_bytes = heap.size;
    // Where nothing is left that is not nothing to say.
    if (properties.pNext != nullptr)
      description.unused_bytes =
          std::max<std::uint64_t>(1, budget.heapBudget[i] - std::min(budget.heapBudget[i], budget.heapUsage[i]));
  }
}

PhysicalDevice examine(const Functions& functions, VkPhysicalDevice handle, std::uint32_t index) {
  PhysicalDevice device;
  device.handle = handle;
  VkPhysicalDeviceProperties properties;
  functions.vkGetPhysicalDeviceProperties(handle, &properties);
  VulkanDevice& description = device.description;
  description.index = index;
  description.name = properties.deviceName;
  std::copy(std::begin(properties.pipelineCacheUUID), std::end(properties.pipelineCacheUUID), device.cache_id.begin());
  description.kind = kind_of(properties.deviceType);
  description.version = version_text(properties.apiVersion);
  if (properties.apiVersion < VK_API_VERSION_1_2) {
    description.refusal = "it has Vulkan " + description.version + ", and Facet needs 1.2";
    return device;
  }
  if (properties.limits.maxPerStageDescriptorStorageBuffers < FACET_BINDINGS) {
    description.refusal = "its kernels take no more than " +
                          std::to_string(properties.limits.maxPerStageDescriptorStorageBuffers) +
                          " buffers, and Facet needs " + std::to_string(FACET_BINDINGS);
    return device;
  }
  read_properties(functions, device);
  read_features(functions, device);
  read_memory(functions, device);
  const auto family = compute_family(functions, handle);
  if (!family) {
    description.refusal = "it does not compute";
    return device;
  }
  device.queue_family = family->index;
  // Clocks of less than 64 bits run over within minutes; a difference that is odd once is no harm.
  if (family->has_clock) device.seconds_per_tick = static_cast<double>(properties.limits.timestampPeriod) * 1e-9;
  return device;
}

int rank(VulkanDevice::Kind kind) {
  constexpr std::array kBestFirst = {VulkanDevice::Kind::Discrete, VulkanDevice::Kind::Integrated,
                                     VulkanDevice::Kind::Virtual, VulkanDevice::Kind::Other,
                                     VulkanDevice::Kind::Software};
  return static_cast<int>(std::find(kBestFirst.begin(), kBestFirst.end(), kind) - kBestFirst.begin());
}

bool is_meant(const VulkanDevice& device, const std::string& wanted) {
  return wanted.empty() || wanted == std::to_string(device.index) || wanted == name_of(device.kind);
}

}  // namespace

Result<std::unique_ptr<Instance>> Instance::open() {
  std::unique_ptr<Instance> instance(new Instance);
  FACET_ASSIGN_OR_RETURN(instance->functions_, open_loader());
  Functions& functions = instance->functions_;
  std::uint32_t version = 0;
  if (functions.vkEnumerateInstanceVersion(&version) != VK_SUCCESS || version < VK_API_VERSION_1_1)
    return Error{Error::Code::Unsupported,
                 "This machine's Vulkan is older than 1.1; install a newer graphics driver, or use the CPU."};
  const bool validate = wants_validation(functions);
  const char* const layers[] = {kValidationLayer};
  const char* const extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME};
  VkApplicationInfo application{};
  application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
  application.pApplicationName = "Facet";
  application.apiVersion = VK_API_VERSION_1_2;
  VkInstanceCreateInfo create{};
  create.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  create.pApplicationInfo = &application;
  create.enabledLayerCount = validate ? 1 : 0;
  create.ppEnabledLayerNames = layers;
  create.enabledExtensionCount = validate ? 1 : 0;
  create.ppEnabledExtensionNames = extensions;
  if (const VkResult result = functions.vkCreateInstance(&create, nullptr, &instance->instance_);
      result != VK_SUCCESS) {
    instance->instance_ = VK_NULL_HANDLE;
    if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
      return Error{Error::Code::NotFound,
                   "This machine has no graphics driver for Vulkan; install one, or use the CPU."};
    return vulkan_error(result, "be started");
  }
  FACET_RETURN_IF_ERROR(load_instance_functions(functions, instance->instance_));
  if (validate && functions.vkCreateDebugUtilsMessengerEXT != nullptr) {
    VkDebugUtilsMessengerCreateInfoEXT messenger{};
    messenger.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT;
    messenger.messageSeverity =
        VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
    messenger.messageType =
        VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT;
    messenger.pfnUserCallback = print_message;
    functions.vkCreateDebugUtilsMessengerEXT(instance->instance_, &messenger, nullptr, &instance->messenger_);
  }
  if (!validate) functions.vkSetDebugUtilsObjectNameEXT = nullptr;
  FACET_RETURN_IF_ERROR(instance->find_devices());
  return instance;
}

Instance::~Instance() {
  if (messenger_ != VK_NULL_HANDLE) functions_.vkDestroyDebugUtilsMessengerEXT(instance_, messenger_, nullptr);
  if (instance_ != VK_NULL_HANDLE && functions_.vkDestroyInstance != nullptr)
    functions_.vkDestroyInstance(instance_, nullptr);
}

Status Instance::find_devices() {
  std::uint32_t count = 0;
  VkResult result = functions_.vkEnumeratePhysicalDevices(instance_, &count, nullptr);
  std::vector<VkPhysicalDevice> handles(count);
  if (result == VK_SUCCESS) result = functions_.vkEnumeratePhysicalDevices(instance_, &count, handles.data());
  if (result != VK_SUCCESS && result != VK_INCOMPLETE) return vulkan_error(result, "list the graphics devices");
  for (std::uint32_t i = 0; i < count; ++i)
    devices_.push_back(examine(functions_, handles[i], i));
  return {};
}

Result<std::vector<const PhysicalDevice*>> Instance::find(const std::string& wanted) const {
  std::vector<const PhysicalDevice*> found;
  std::string refused;
  for (const PhysicalDevice& device : devices_) {
    const VulkanDevice& description = device.description;
    if (!is_meant(description, wanted)) continue;
    if (description.refusal.empty()) {
      found.push_back(&device);
    } else {
      refused = "'" + description.name + "' can not be used: " + description.refusal + ".";
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const PhysicalDevice* left, const PhysicalDevice* right) {
    return rank(left->description.kind) < rank(right->description.kind);
  });
  if (!found.empty()) return found;
  if (!refused.empty()) return Error{Error::Code::Unsupported, "The graphics device " + refused};
  if (devices_.empty())
    return Error{Error::Code::NotFound, "Vulkan finds no graphics device on this machine; use the CPU."};
  return Error{Error::Code::NotFound,
               "There is no Vulkan device '" + wanted + "'; 'facet doctor' lists those that are."};
}

}  // namespace facet::engine::vulkan
