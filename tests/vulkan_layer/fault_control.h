#pragma once

#include <cstdint>

// What a test may tell the layer that stands between the engine and the driver. The layer's library exports one
// function, `facet_fault_control`, which gives this table. In a process of its own the layer is told by the
// environment: FACET_FAULTS="vkCmdDispatch 5 0 1" arms like `arm`, FACET_FAULTS_PRETEND="1" is `pretend`.
namespace fault_layer {

// Results are VkResult values. Two are more than a value: with kDeviceLost every later submission and every later wait
// on that device fails, too; with kDropped the call is left out and nobody is told.
inline constexpr std::int32_t kDropped = 0;
inline constexpr std::int32_t kTimeout = 2;
inline constexpr std::int32_t kOutOfHostMemory = -1;
inline constexpr std::int32_t kOutOfDeviceMemory = -2;
inline constexpr std::int32_t kInitializationFailed = -3;
inline constexpr std::int32_t kDeviceLost = -4;
inline constexpr std::uint64_t kForEver = UINT64_MAX;
inline constexpr std::int32_t kTruth = -1;

struct Control {
  // Of the calls from now on, those from the nth (1 is the next) are not made and give the result, so many of them.
  // Replaces what was armed for the function before. False for one that the layer does not know.
  bool (*arm)(const char* function, std::uint64_t nth, std::int32_t result, std::uint64_t times);
  void (*disarm)();
  // How often the faults that are armed took effect.
  std::uint64_t (*struck)();
  // How often a function was called since the process began.
  std::uint64_t (*calls)(const char* function);
  // How many objects were created and not destroyed, instances and devices among them.
  std::int64_t (*alive)();
  // Every device says that it is of this VkPhysicalDeviceType; kTruth: what it is.
  void (*pretend)(std::int32_t device_type);
};

using GetControl = const Control* (*)();

}  // namespace fault_layer
