#pragma once

#include <string>

#include "engine/base/result.h"

namespace facet::engine::vulkan {

// A sentence for a name that is none of `vulkan_forms` and not empty.
Status check_form(const std::string& form);

}  // namespace facet::engine::vulkan
