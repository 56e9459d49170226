#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/models/tensor_names.h"
#include "engine/base/result.h"
#include "engine/gguf/gguf_file.h"
#include "engine/gguf/gguf_metadata.h"

namespace facet::app::models {

// A folder with a model as it is published: safetensors files, config.json, tokenizer.json. Its weights are used where
// they lie, without a copy, because their bytes are the same in both containers.
struct ModelFolder {
  engine::GgufMetadata metadata;
  std::unique_ptr<engine::GgufFile> file;  // the same model as the engine sees it
  std::vector<TensorRole> roles;           // of the tensors of `file`, in its order
};

// Reads and checks everything but the values of the weights: after it succeeds the engine can run the model.
Result<ModelFolder> open_model_folder(const std::filesystem::path& folder);

// Opens a model by its path, a GGUF file or a folder.
Result<std::unique_ptr<engine::GgufFile>> open_model_file(const std::filesystem::path& path);

}  // namespace facet::app::models
