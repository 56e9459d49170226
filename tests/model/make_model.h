#pragma once

#include <cstdint>
#include <filesystem>

#include "tests/model/tensor_plan.h"

namespace facet::model_maker {

struct ModelOrder {
  ModelShape shape;
  FileType type;
  Variations variations = {};
  std::uint64_t seed = 1;
};

// Writes a model file with random weights. The same order gives the same bytes, on every machine.
Status make_model(const ModelOrder& order, const std::filesystem::path& path);

}  // namespace facet::model_maker
