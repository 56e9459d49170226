#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/base/result.h"
#include "tests/model/file_type.h"
#include "tests/model/projector_shape.h"
#include "tests/model/tensor_plan.h"

namespace facet::model_maker {

struct ProjectorOrder {
  ProjectorShape shape;
  FileType type;
  std::uint64_t seed = 1;
};

// Every tensor of such a file. As with models, deviations keep activations near one; a few of a hundred values lie
// outside the limits.
std::vector<PlannedTensor> plan_projector(const ProjectorShape& shape, const FileType& type);

// Writes a projector with random weights. The same order gives the same bytes, on every machine.
Status make_projector(const ProjectorOrder& order, const std::filesystem::path& path);

}  // namespace facet::model_maker
