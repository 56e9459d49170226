#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace facet::model_maker {

// What distinguishes one layer from another.
struct LayerShape {
  bool sliding = false;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;
  std::uint32_t ffn_width = 0;
  bool owns_kv = true;     // false: attends to the keys and values of an earlier layer of its kind
  bool has_values = true;  // false: the keys serve as values
};

// A variant of the model: the numbers that its file's metadata and tensors are made of.
struct ModelShape {
  std::string name;
  std::uint32_t embedding_length = 0;
  std::uint32_t vocabulary_size = 0;
  std::uint32_t context_length = 0;
  std::uint32_t window = 0;
  std::uint32_t heads = 0;
  std::uint32_t head_dim_full = 0;
  std::uint32_t head_dim_sliding = 0;
  std::uint32_t shared_kv_layers = 0;
  std::uint32_t per_layer_width = 0;  // of the embeddings that every layer gets of its own; 0: none
  std::uint32_t expert_count = 0;     // 0: no experts
  std::uint32_t expert_used_count = 0;
  std::uint32_t expert_ffn_width = 0;
  bool suppresses_tokens = false;  // the file lists tokens that are never to be sampled
  bool empty_thought = false;      // the chat template writes an empty thought into the prompt
  std::vector<LayerShape> layers;

  std::uint32_t layer_count() const { return static_cast<std::uint32_t>(layers.size()); }
};

// The published variants under their names, and "tiny-" with the same names: the same structure in every respect, but
// small enough for tests.
std::span<const std::string_view> shape_names();

// The variant of that name; nothing when there is none. `layers` 0 is the variant's own number. With fewer (or more)
// layers the pattern of the layers stays, and so does the share of those without keys and values of their own.
std::optional<ModelShape> find_shape(std::string_view name, std::uint32_t layers = 0);

}  // namespace facet::model_maker
