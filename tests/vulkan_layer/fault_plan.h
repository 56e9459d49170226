#pragma once

#include <vulkan/vulkan_core.h>

#include <cstdint>
#include <optional>

#include "tests/vulkan_layer/fault_control.h"

// Every function that the layer can make fail. Those of the first list create objects, those of the second destroy
// them, and both are counted.
#define FAULT_LAYER_CREATE_FUNCTIONS(X) \
  X(vkAllocateMemory)                   \
  X(vkCreateBuffer)                     \
  X(vkCreateShaderModule)               \
  X(vkCreateDescriptorSetLayout)        \
  X(vkCreatePipelineLayout)             \
  X(vkCreatePipelineCache)              \
  X(vkCreateComputePipelines)           \
  X(vkCreateDescriptorPool)             \
  X(vkCreateCommandPool)                \
  X(vkCreateFence)                      \
  X(vkCreateQueryPool)

#define FAULT_LAYER_DESTROY_FUNCTIONS(X) \
  X(vkFreeMemory)                        \
  X(vkDestroyBuffer)                     \
  X(vkDestroyShaderModule)               \
  X(vkDestroyDescriptorSetLayout)        \
  X(vkDestroyPipelineLayout)             \
  X(vkDestroyPipelineCache)              \
  X(vkDestroyPipeline)                   \
  X(vkDestroyDescriptorPool)             \
  X(vkDestroyCommandPool)                \
  X(vkDestroyFence)                      \
  X(vkDestroyQueryPool)

#define FAULT_LAYER_OTHER_FUNCTIONS(X) \
  X(vkMapMemory)                       \
  X(vkBindBufferMemory)                \
  X(vkAllocateDescriptorSets)          \
  X(vkAllocateCommandBuffers)          \
  X(vkBeginCommandBuffer)              \
  X(vkEndCommandBuffer)                \
  X(vkResetFences)                     \
  X(vkCmdDispatch)                     \
  X(vkCmdCopyBuffer)                   \
  X(vkCmdPipelineBarrier)

// Those that a lost device makes fail.
#define FAULT_LAYER_LOSS_FUNCTIONS(X) \
  X(vkQueueSubmit)                    \
  X(vkWaitForFences)                  \
  X(vkGetFenceStatus)                 \
  X(vkDeviceWaitIdle)

#define FAULT_LAYER_INSTANCE_FUNCTIONS(X) \
  X(vkCreateInstance)                     \
  X(vkCreateDevice)                       \
  X(vkEnumeratePhysicalDevices)

#define FAULT_LAYER_DEVICE_FUNCTIONS(X) \
  FAULT_LAYER_CREATE_FUNCTIONS(X)       \
  FAULT_LAYER_DESTROY_FUNCTIONS(X)      \
  FAULT_LAYER_OTHER_FUNCTIONS(X)        \
  FAULT_LAYER_LOSS_FUNCTIONS(X)

namespace fault_layer {

enum class Call : std::uint32_t {
#define FAULT_LAYER_NAME(name) name,
  FAULT_LAYER_DEVICE_FUNCTIONS(FAULT_LAYER_NAME) FAULT_LAYER_INSTANCE_FUNCTIONS(FAULT_LAYER_NAME)
#undef FAULT_LAYER_NAME
};
#define FAULT_LAYER_COUNT(name) +1
inline constexpr std::size_t kDeviceCalls = 0 FAULT_LAYER_DEVICE_FUNCTIONS(FAULT_LAYER_COUNT);
inline constexpr std::size_t kCalls = kDeviceCalls FAULT_LAYER_INSTANCE_FUNCTIONS(FAULT_LAYER_COUNT);
#undef FAULT_LAYER_COUNT

// What is armed and what was counted, for the whole process. Any thread may call.

// Counts a call; what it must give instead of being made.
std::optional<VkResult> strike(Call call);
void count_objects(std::int64_t more);
std::optional<VkPhysicalDeviceType> pretended_type();
const Control& control();

}  // namespace fault_layer
