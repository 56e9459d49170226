#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/models/checkpoint.h"

namespace facet::app::models {

// What a tensor is for decides which format it gets when weights are made smaller.
enum class TensorRole {
  Vector,              // norms, scales, and whatever else is small: stays float32
  Router,              // decides over experts: stays float32
  Embedding,           // tables of rows that are looked up, and the output matrix
  PerLayerProjection,  // stays in 16 bits
  Matrix,
  AttentionValue,  // these three suffer most from few bits
  FeedForwardDown,
  ExpertDown,
};

struct TensorName {
  std::string gguf;
  TensorRole role = TensorRole::Matrix;
};

// The prefix of the text model's tensors ("model.language_model."); nothing when there is no embedding table.
std::optional<std::string> find_text_prefix(const Checkpoint& checkpoint);

// The name in a GGUF file of a text tensor, given without its prefix; nothing for one that Facet does not know.
std::optional<TensorName> gguf_name(std::string_view name);

// Whether a tensor belongs to the encoders for pictures and sound, which files of their own hold.
bool is_encoder_tensor(std::string_view name);

}  // namespace facet::app::models
