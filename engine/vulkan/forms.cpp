#include "engine/vulkan/forms.h"

#include <spirv/kernels_version.h>

#include "engine/vulkan/vulkan.h"

namespace facet::engine {
namespace {

using vulkan::Tiles;

struct Form {
  const char* name;
  vulkan::Variants variants;
  // How far products may be from those of float32 (TwinOperands::compare): some four times what rounding does to random
  // operands, in the mean.
  float product_tolerance = 2e-3F;
  bool (*suits)(const VulkanDevice&) = [](const VulkanDevice&) { return true; };
};

// What rounds comes first, the fastest in front. Then each gives up what the one before it does, and one thing more:
// first what relies on the order in which workgroups see each other's memory, at last everything.
constexpr Form kForms[] = {
    {"matrices", {.tiles = Tiles::Matrices}, 3e-3F, [](const VulkanDevice& device) { return device.matrices; }},
    {"codes", {.tiles = Tiles::Codes}, 2e-2F, [](const VulkanDevice& device) { return device.fast_integer_dot; }},
    // A software device has no instructions for halves.
    {"halves",
     {.tiles = Tiles::Halves},
     3e-3F,
     [](const VulkanDevice& device) { return device.float16 && device.kind != VulkanDevice::Kind::Software; }},
    {"floats", {}},
    {"no-last-groups", {.last_groups = false}},
    {"no-tiles", {.tiles = Tiles::None, .last_groups = false}},
    {"plain", {.tiles = Tiles::None, .wide_cells = false, .last_groups = false, .several_rows = false}},
};

bool rounds(const Form& form) {
  return form.variants.tiles > Tiles::Floats;
}

// Null for a name that none has; an empty one means the first that does not round.
const Form* find_form(const std::string& name) {
  for (const Form& form : kForms)
    if (name.empty() ? !rounds(form) : name == form.name) return &form;
  return nullptr;
}

}  // namespace

std::vector<std::string> vulkan_forms(const VulkanDevice& device, bool may_round) {
  std::vector<std::string> names;
  for (const Form& form : kForms)
    if (form.suits(device) && (may_round || !rounds(form))) names.emplace_back(form.name);
  return names;
}

bool is_vulkan_form(const std::string& name) {
  return find_form(name) != nullptr;
}

float vulkan_product_tolerance(const std::string& form) {
  const Form* const found = find_form(form);
  return found == nullptr ? 0 : found->product_tolerance;
}

std::string vulkan_kernels_version() {
  return kKernelsVersion;
}

namespace vulkan {

Result<Variants> variants_of(const std::string& name) {
  if (const Form* const form = find_form(name)) return form->variants;
  return Error{Error::Code::InvalidInput, "The Vulkan kernels have no form '" + name + "'."};
}

}  // namespace vulkan
}  // namespace facet::engine
