#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/media_source.h"
#include "agent/text_model.h"
#include "engine/base/result.h"

namespace facet::engine {
class GgufFile;
struct DeviceTrial;
struct DeviceVerdict;
}  // namespace facet::engine

namespace facet::agent {

struct LocalModelOptions {
  std::filesystem::path path;
  int threads = 0;  // 0: one per core
  // These four as in engine::EngineOptions.
  std::string backend = {};
  std::optional<std::uint32_t> gpu_layers = {};
  std::uint64_t gpu_memory_bytes = 0;
  std::optional<std::uint64_t> gpu_expert_bytes = {};
  std::uint32_t context_length = 0;  // 0: the engine's choice
  bool built_in = false;
  // These two as in engine::EngineOptions; and what decodes the pictures and sounds of a prompt.
  std::filesystem::path projector = {};
  std::filesystem::path media_folder = {};
  std::shared_ptr<MediaSource> media = {};
  // As in engine::EngineOptions; the notice comes from the thread that loads the model, or from the agent's.
  std::function<void(const std::string& sentence)> notice = {};
  std::function<engine::DeviceVerdict(const engine::DeviceTrial&)> try_device = {};
};

// The local engine as a TextModel. Keeps a few conversations' sequences (least recently used go first), so that going
// back and forth between conversations re-reads nothing.
Result<std::unique_ptr<TextModel>> open_local_model(const LocalModelOptions& options);
// The same for a model that was opened already, from a container that the engine itself does not read.
Result<std::unique_ptr<TextModel>> open_local_model(std::unique_ptr<engine::GgufFile> file,
                                                    const LocalModelOptions& options);

}  // namespace facet::agent
