#include "engine/vulkan/forms.h"

#include <spirv/kernels_version.h>

#include "engine/vulkan/vulkan.h"

namespace facet::engine {
namespace {

struct Form {
  const char* name;
  vulkan::Variants variants;
};

// Each gives up what the one before it does, and one thing more: first what relies on the order in which workgroups see
// each other's memory, at last everything.
constexpr Form kForms[] = {
    {"fastest", {}},
    {"no-last-groups", {.last_groups = false}},
    {"no-tiles", {.tiles = false, .last_groups = false}},
    {"plain", {.tiles = false, .wide_cells = false, .last_groups = false, .several_rows = false}},
};

}  // namespace

std::vector<std::string> vulkan_forms() {
  std::vector<std::string> names;
  for (const Form& form : kForms)
    names.emplace_back(form.name);
  return names;
}

std::string vulkan_kernels_version() {
  return kKernelsVersion;
}

namespace vulkan {

Result<Variants> variants_of(const std::string& name) {
  if (name.empty()) return kForms[0].variants;
  for (const Form& form : kForms)
    if (name == form.name) return form.variants;
  return Error{Error::Code::InvalidInput, "The Vulkan kernels have no form '" + name + "'."};
}

}  // namespace vulkan
}  // namespace facet::engine
