#pragma once

#include <filesystem>
#include <string>

#include "engine/formats/formats.h"
#include "engine/trial/ability.h"
#include "engine/vulkan/vulkan.h"

namespace facet::engine {

// A device that is to compute a model, before it is trusted.
struct DeviceTrial {
  VulkanDevice device;
  std::filesystem::path model;
  Format cache = Format::F32;
  std::string use;         // `describe` of what the model uses (engine/trial/kernel_use.h)
  bool may_round = false;  // products may round what they multiply
  // Nobody asked for this device: when the CPU is faster, its kernels need not be tried.
  bool only_if_faster = false;
};

struct DeviceVerdict {
  std::string form;       // the kernels that compute right, one of `vulkan_forms`; empty: none do
  std::string reason;     // why none do: "it computes wrong (attention with heads of 256, 3 rows)"; empty: not tried
  bool is_known = false;  // from an earlier time
  Ability ability;        // of the device with these kernels
};

}  // namespace facet::engine
