#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/gguf/gguf_file.h"
#include "engine/media/projector.h"
#include "engine/model/config.h"

namespace facet::engine {

// What makes a model see and hear, and the file that it lies in.
struct OpenedProjector {
  std::unique_ptr<GgufFile> own_file;  // null where the model's own file holds it
  std::optional<Projector> projector;  // nothing: the model reads text only
  std::string remark;                  // why that is so where something was found

  const Projector* get() const { return projector ? &*projector : nullptr; }
  bool is_intact() const { return own_file == nullptr || own_file->is_intact(); }
};

// As EngineOptions::projector says. One that is asked for by its path must fit the model; of what is found by itself,
// what does not is passed over, and a remark says so.
Result<OpenedProjector> open_projector(const GgufFile& model, const ModelConfig& config,
                                       const std::filesystem::path& wanted);

// The projectors beside a model that were made for its width, those with the most similar name first: files whose name
// has "mmproj" in it.
std::vector<std::filesystem::path> projectors_beside(const std::filesystem::path& model, std::uint32_t text_width);

}  // namespace facet::engine
