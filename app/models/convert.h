#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "app/models/format_plan.h"
#include "engine/base/result.h"

namespace facet::app::models {

struct ConvertOptions {
  TargetType type = TargetType::Q8_0;
  int threads = 0;  // 0: one per core
  // Called now and then from the calling thread, with weights done and weights to do.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
  std::stop_token stop = {};
};

struct Converted {
  std::uint64_t file_bytes = 0;
  std::string formats;  // "Q4_K 145, Q6_K 33, F32 212"
};

// Writes the model in a folder of safetensors files as one GGUF file, which llama.cpp and other programs read as well.
// The target appears when it is complete; after a failure or a stop nothing is left.
Result<Converted> convert(const std::filesystem::path& folder, const std::filesystem::path& target,
                          const ConvertOptions& options);

}  // namespace facet::app::models
