#include "engine/vulkan/vulkan.h"

// In place of everything else in this folder, where Facet is built without Vulkan's headers or the shader compiler.
namespace facet::engine {
namespace {

Error absent() {
  return {Error::Code::Unsupported, "This build of Facet has no Vulkan; use the CPU."};
}

}  // namespace

Result<std::vector<VulkanDevice>> list_vulkan_devices() {
  return absent();
}

Result<std::vector<VulkanDevice>> find_vulkan_devices(const std::string&) {
  return absent();
}

std::vector<std::string> vulkan_forms(const VulkanDevice&, bool) {
  return {};
}

bool is_vulkan_form(const std::string&) {
  return false;
}

float vulkan_product_tolerance(const std::string&) {
  return 0;
}

std::string vulkan_kernels_version() {
  return {};
}

Result<std::unique_ptr<DeviceBackend>> open_vulkan(const std::string&, const std::string&) {
  return absent();
}

}  // namespace facet::engine
