#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/mapped_file.h"
#include "engine/base/result.h"
#include "engine/formats/formats.h"

namespace facet::app::models {

// One tensor of a safetensors file. `shape` is in the file's order: the last dimension is contiguous. `data` points
// into the mapped file and has exactly the bytes that shape and type need.
struct SafeTensor {
  std::string name;
  std::string type;                      // as in the file: "BF16"
  std::optional<engine::Format> format;  // nothing for a type that Facet does not compute with
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> data;
};

struct SafetensorsFile {
  std::unique_ptr<MappedFile> file;
  std::vector<SafeTensor> tensors;
};

// Reads the header of a safetensors file and checks every claim of it against the size of the file. Weights stay on the
// disk until they are used.
Result<SafetensorsFile> open_safetensors(const std::filesystem::path& path);

}  // namespace facet::app::models
