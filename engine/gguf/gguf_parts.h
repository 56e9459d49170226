#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/mapped_file.h"
#include "engine/gguf/gguf_metadata.h"
#include "engine/gguf/gguf_writer.h"

namespace facet::engine {

// What a model file consists of, while it is no file: its metadata, and tensors that lie elsewhere.
struct GgufParts {
  struct Tensor {
    GgufTensorInfo info;
    std::span<const std::byte> data;
  };

  std::filesystem::path path;  // how messages name the model
  GgufMetadata metadata;
  std::vector<Tensor> tensors;
  // Where the data of the tensors lies.
  std::vector<std::unique_ptr<MappedFile>> files;
  std::vector<std::vector<std::byte>> buffers;
};

}  // namespace facet::engine
