#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/gguf/gguf_metadata.h"
#include "tests/model/tensor_plan.h"

namespace facet::model_maker {

struct ModelOrder {
  ModelShape shape;
  FileType type;
  Variations variations = {};
  std::uint64_t seed = 1;
};

// What such a file says about itself: the architecture and the tokenizer.
engine::GgufMetadata make_metadata(const ModelOrder& order);

// Writes a file of these tensors, whose values depend on the seed and their names alone.
Status write_random_file(const std::filesystem::path& path, const engine::GgufMetadata& metadata,
                         const std::vector<PlannedTensor>& plan, std::uint64_t seed);

// Writes a model file with random weights. The same order gives the same bytes, on every machine.
Status make_model(const ModelOrder& order, const std::filesystem::path& path);

}  // namespace facet::model_maker
