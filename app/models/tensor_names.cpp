#include "app/models/tensor_names.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace facet::app::models {

namespace {

struct NamePair {
  std::string_view source;
  std::string_view gguf;
  TensorRole role;
};

using enum TensorRole;

constexpr std::array kModelNames = {
    NamePair{"embed_tokens.weight", "token_embd.weight", Embedding},
    NamePair{"norm.weight", "output_norm.weight", Vector},
    NamePair{"embed_tokens_per_layer.weight", "per_layer_token_embd.weight", Embedding},
    NamePair{"per_layer_model_projection.weight", "per_layer_model_proj.weight", PerLayerProjection},
    NamePair{"per_layer_projection_norm.weight", "per_layer_proj_norm.weight", Vector},
};

// Behind "layers.N." and "blk.N.".
constexpr std::array kLayerNames = {
    NamePair{"input_layernorm.weight", "attn_norm.weight", Vector},
    NamePair{"self_attn.q_proj.weight", "attn_q.weight", Matrix},
    NamePair{"self_attn.k_proj.weight", "attn_k.weight", Matrix},
    NamePair{"self_attn.v_proj.weight", "attn_v.weight", AttentionValue},
    NamePair{"self_attn.o_proj.weight", "attn_output.weight", Matrix},
    NamePair{"self_attn.q_norm.weight", "attn_q_norm.weight", Vector},
    NamePair{"self_attn.k_norm.weight", "attn_k_norm.weight", Vector},
    NamePair{"post_attention_layernorm.weight", "post_attention_norm.weight", Vector},
    NamePair{"pre_feedforward_layernorm.weight", "ffn_norm.weight", Vector},
    NamePair{"mlp.gate_proj.weight", "ffn_gate.weight", Matrix},
    NamePair{"mlp.up_proj.weight", "ffn_up.weight", Matrix},
    NamePair{"mlp.down_proj.weight", "ffn_down.weight", FeedForwardDown},
    NamePair{"post_feedforward_layernorm.weight", "post_ffw_norm.weight", Vector},
    NamePair{"layer_scalar", "layer_output_scale.weight", Vector},
    NamePair{"per_layer_input_gate.weight", "inp_gate.weight", Matrix},
    NamePair{"per_layer_projection.weight", "proj.weight", Matrix},
    NamePair{"post_per_layer_input_norm.weight", "post_norm.weight", Vector},
    NamePair{"router.proj.weight", "ffn_gate_inp.weight", Router},
    NamePair{"router.scale", "ffn_gate_inp.scale", Vector},
    NamePair{"router.per_expert_scale", "ffn_down_exps.scale", Vector},
    NamePair{"experts.gate_up_proj", "ffn_gate_up_exps.weight", Matrix},
    NamePair{"experts.down_proj", "ffn_down_exps.weight", ExpertDown},
    NamePair{"post_feedforward_layernorm_1.weight", "post_ffw_norm_1.weight", Vector},
    NamePair{"pre_feedforward_layernorm_2.weight", "pre_ffw_norm_2.weight", Vector},
    NamePair{"post_feedforward_layernorm_2.weight", "post_ffw_norm_2.weight", Vector},
};

constexpr std::string_view kTable = "embed_tokens.weight";
constexpr std::array<std::string_view, 5> kTextPrefixes = {"model.language_model.", "language_model.model.",
                                                           "language_model.", "model.", ""};

template <std::size_t kCount>
const NamePair* find(const std::array<NamePair, kCount>& names, std::string_view source) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const NamePair& n) { return n.source == source; });
  return found == names.end() ? nullptr : &*found;
}

}  // namespace

std::optional<std::string> find_text_prefix(const Checkpoint& checkpoint) {
  for (const std::string_view prefix : kTextPrefixes) {
    std::string candidate(prefix);
    if (checkpoint.find(candidate + std::string(kTable)) != nullptr) return candidate;
  }
  return std::nullopt;
}

std::optional<TensorName> gguf_name(std::string_view name) {
  constexpr std::string_view kLayers = "layers.";
  if (!name.starts_with(kLayers)) {
    const NamePair* pair = find(kModelNames, name);
    return pair == nullptr ? std::nullopt : std::optional(TensorName{std::string(pair->gguf), pair->role});
  }
  name.remove_prefix(kLayers.size());
  const std::size_t digits = std::min(name.find('.'), name.size());
  const std::string_view number = name.substr(0, digits);
  const bool is_number = !number.empty() && number.size() <= 4 &&
                         std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number || digits == name.size()) return std::nullopt;
  const NamePair* pair = find(kLayerNames, name.substr(digits + 1));
  if (pair == nullptr) return std::nullopt;
  return TensorName{"blk." + std::string(number) + "." + std::string(pair->gguf), pair->role};
}

bool is_encoder_tensor(std::string_view name) {
  if (name.starts_with("model.")) name.remove_prefix(6);
  for (const std::string_view prefix : {"vision_", "audio_", "embed_vision", "embed_audio", "multi_modal_projector"})
    if (name.starts_with(prefix)) return true;
  return false;
}

}  // namespace facet::app::models
