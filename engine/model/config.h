#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace facet::engine {

class GgufFile;

// What distinguishes one layer from another.
struct LayerConfig {
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;
  std::uint32_t window = 0;  // tokens a token sees, itself included; 0: all before it
  std::uint32_t ffn_width = 0;
  std::uint32_t kv_source = 0;  // the layer whose keys and values are attended to; its own index when it has some

  bool sliding() const { return window != 0; }
};

// A model's shape, read from the metadata of its file. Every number has been checked: products of any two fit 32 bits.
struct ModelConfig {
  std::uint32_t embedding_length = 0;
  std::uint32_t vocabulary_size = 0;
  std::uint32_t trained_context_length = 0;
  std::uint32_t per_layer_width = 0;  // of the embeddings that every layer gets of its own; 0: none
  std::uint32_t expert_count = 0;     // 0: no experts
  std::uint32_t expert_used_count = 0;
  std::uint32_t expert_ffn_width = 0;
  float rms_eps = 0;
  float logit_softcap = 0;  // 0: none
  double rope_base = 0;     // of full layers
  double rope_base_sliding = 0;
  std::vector<LayerConfig> layers;

  std::uint32_t layer_count() const { return static_cast<std::uint32_t>(layers.size()); }
  // Whether the soft tokens of a picture attend to each other on sliding layers, and not only to those before them. No
  // key of a file says so: models with embeddings of their own in every layer were trained without.
  bool pictures_see_themselves() const { return per_layer_width == 0; }
  bool owns_kv(std::uint32_t layer) const { return layers[layer].kv_source == layer; }
  // The last layer with keys and values of its own: nothing behind it influences what is cached.
  std::uint32_t last_kv_owner() const;
};

// Fails with a sentence that names the key when the file is of another architecture, lacks a value, or has one that can
// not be.
Result<ModelConfig> read_config(const GgufFile& file);

}  // namespace facet::engine
