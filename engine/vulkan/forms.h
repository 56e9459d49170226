#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/vulkan/vulkan_backend.h"

namespace facet::engine::vulkan {

// The variants of a form (see `vulkan_forms`), of the first that does not round for an empty name.
Result<Variants> variants_of(const std::string& form);

}  // namespace facet::engine::vulkan
