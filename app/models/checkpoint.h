#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "app/models/safetensors.h"
#include "engine/base/result.h"

namespace facet::app::models {

// The tensors of a folder of safetensors files: those of `model.safetensors`, or of all the files that
// `model.safetensors.index.json` names. Sorted by name.
class Checkpoint {
 public:
  // Fails with a sentence that names the file that is missing or damaged.
  static Result<Checkpoint> open(const std::filesystem::path& folder);

  const std::vector<SafeTensor>& tensors() const { return tensors_; }
  const SafeTensor* find(std::string_view name) const;
  // The mapped files, for someone who keeps the tensors; the checkpoint itself is done with then.
  std::vector<std::unique_ptr<MappedFile>> take_files() { return std::move(files_); }

 private:
  Status add_file(const std::filesystem::path& path);
  Status add_indexed(const std::filesystem::path& folder, const std::filesystem::path& index);
  Status sort();

  std::vector<std::unique_ptr<MappedFile>> files_;
  std::vector<SafeTensor> tensors_;
};

}  // namespace facet::app::models
