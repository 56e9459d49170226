#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/media/projector_config.h"

namespace facet::model_maker {

// The numbers that a projector's metadata and tensors are made of.
struct ProjectorShape {
  std::string name;
  engine::ProjectorConfig config;
  bool clips = false;         // of the matrices for pictures; those for sound always have limits
  bool standardises = false;  // behind the pool
};

// "mmproj-" with the name of a published variant, and "tiny-mmproj-" with the same: the same structure, small enough
// for tests.
std::vector<std::string> projector_names();
std::optional<ProjectorShape> find_projector_shape(std::string_view name);

}  // namespace facet::model_maker
