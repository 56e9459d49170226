#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/models/checkpoint.h"
#include "engine/base/result.h"
#include "engine/gguf/gguf_metadata.h"

namespace facet::app::models {

// The text part of a `config.json`, with the defaults of the reference implementation for what is left out.
struct TextConfig {
  struct Layer {
    bool sliding = false;
    std::uint32_t kv_heads = 0;
    std::uint32_t ffn_width = 0;
  };

  std::uint32_t width = 0;
  std::uint32_t heads = 0;
  std::uint32_t sliding_head_dim = 0;
  std::uint32_t full_head_dim = 0;
  std::uint32_t window = 0;
  std::uint32_t context = 0;
  std::uint32_t shared_layers = 0;
  std::uint32_t per_layer_width = 0;
  std::uint32_t expert_count = 0;
  std::uint32_t experts_used = 0;
  std::uint32_t expert_ffn_width = 0;
  double rms_eps = 0;
  double softcap = 0;  // 0: none
  double rope_base = 0;
  double rope_base_sliding = 0;
  double rotated_part = 0;       // of the dimensions of a full layer's head
  bool values_are_keys = false;  // in full layers
  bool separate_head = false;    // the output matrix is not the embedding table
  std::vector<Layer> layers;
};

// Fails with a sentence when the folder holds another kind of model, or when a number is missing or can not be.
Result<TextConfig> read_text_config(const std::filesystem::path& folder, std::string_view text_prefix,
                                    const Checkpoint& checkpoint);

// The metadata of architecture `gemma4`.
void put_config(const TextConfig& config, engine::GgufMetadata& metadata);

}  // namespace facet::app::models
