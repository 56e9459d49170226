#pragma once

#include <cstdint>
#include <vector>

#include "engine/backend.h"
#include "engine/base/result.h"
#include "engine/model/config.h"

namespace facet::engine {

class GgufFile;
struct GgufTensor;

// The tensors of one layer, named as in the file. One that a model does not have stays empty, and that is what the
// forward pass asks about.
struct LayerWeights {
  Weight attn_norm, attn_q, attn_q_norm, attn_output, post_attention_norm;
  Weight attn_k, attn_k_norm;  // layers with keys and values of their own
  Weight attn_v;               // absent where the keys, before their norm, serve as values
  Weight ffn_norm, ffn_gate, ffn_up, ffn_down, post_ffw_norm;
  // Experts beside the dense feed-forward. Gate and up projection come as one tensor or as two.
  Weight ffn_gate_inp, ffn_gate_inp_scale, post_ffw_norm_1, pre_ffw_norm_2, post_ffw_norm_2;
  Weight ffn_gate_up_exps, ffn_gate_exps, ffn_up_exps, ffn_down_exps, ffn_down_exps_scale;
  // Per-layer embeddings.
  Weight inp_gate, proj, post_norm;
  float output_scale = 1.0F;
};

struct Weights {
  Weight token_embd;  // as the table that tokens are looked up in
  Weight output;      // as the matrix of the output head: `output.weight`, or the same table
  Weight output_norm;
  Weight per_layer_token_embd, per_layer_model_proj, per_layer_proj_norm;
  // Angles per position, one for each pair of dimensions that rotates.
  std::vector<double> rope_full, rope_sliding;
  std::vector<LayerWeights> layers;
};

// What the model takes from a file, counted once each.
struct WeightCount {
  std::uint64_t bytes = 0;
  std::uint64_t parameters = 0;
};

// A tensor that a model takes from its file, and what for.
struct NeededWeight {
  const GgufTensor* tensor = nullptr;
  WeightUse use = WeightUse::Matrix;
};

// Checks that every tensor the configuration asks for is there, with its shape and a format that can be decoded.
// Tensors that it does not ask for, such as those of a projector or unused keys of shared layers, are ignored.
Result<WeightCount> check_weights(const GgufFile& file, const ModelConfig& config);

// The same, and lists what `load_weights` will hand to the backend, in that order.
Result<std::vector<NeededWeight>> needed_weights(const GgufFile& file, const ModelConfig& config);

// The same, and hands the tensors to the backend.
Result<Weights> load_weights(const GgufFile& file, const ModelConfig& config, Backend& backend);

}  // namespace facet::engine
