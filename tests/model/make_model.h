#pragma once

#include <cstdint>
#include <filesystem>

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

// Writes a model file with random weights. The same order gives the same bytes, on every machine.
Status make_model(const ModelOrder& order, const std::filesystem::path& path);

}  // namespace facet::model_maker
