#include "engine/vulkan/forms.h"

#include <algorithm>

#include <spirv/kernels_version.h>

#include "engine/vulkan/vulkan.h"

namespace facet::engine {

std::vector<std::string> vulkan_forms() {
  return {"plain"};
}

std::string vulkan_kernels_version() {
  return kKernelsVersion;
}

namespace vulkan {

Status check_form(const std::string& form) {
  const std::vector<std::string> forms = vulkan_forms();
  if (form.empty() || std::find(forms.begin(), forms.end(), form) != forms.end()) return {};
  return Error{Error::Code::InvalidInput, "The Vulkan kernels have no form '" + form + "'."};
}

}  // namespace vulkan
}  // namespace facet::engine
