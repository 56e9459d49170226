#pragma once

#include <dlfcn.h>

#include <QtGlobal>

#include "tests/vulkan_layer/fault_control.h"

namespace vulkan_faults {

// Puts the fault layer between this process, or those that it starts, and every Vulkan driver; to be called before
// Vulkan is first used. What the loader opens later is the same library, with the same state.
inline const fault_layer::Control& install() {
  qputenv("VK_ADD_LAYER_PATH", FACET_FAULT_LAYER_FOLDER);
  qputenv("VK_INSTANCE_LAYERS", "VK_LAYER_FACET_faults");
  void* const library = dlopen(FACET_FAULT_LAYER, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) qFatal("%s", dlerror());
  const auto get = reinterpret_cast<fault_layer::GetControl>(dlsym(library, "facet_fault_control"));
  if (get == nullptr) qFatal("%s", dlerror());
  return *get();
}

}  // namespace vulkan_faults
