#include "engine/model/tensor_rules.h"

namespace facet::engine {
namespace {

using Need = TensorRule::Need;

// Collects the rules of one layer under its prefix.
class LayerRules {
 public:
  explicit LayerRules(std::uint32_t index) : index_(index) {}

  TensorRule& vector(const std::string& name, Weight& slot, std::uint64_t size) {
    return add({layer_tensor_name(index_, name), &slot, {size, 1, 1}, WeightUse::Vector});
  }
  TensorRule& matrix(const std::string& name, Weight& slot, std::uint64_t inputs, std::uint64_t outputs,
                     std::uint64_t experts = 1) {
    return add({layer_tensor_name(index_, name), &slot, {inputs, outputs, experts}, WeightUse::Matrix});
  }
  std::vector<TensorRule> take() { return std::move(rules_); }

 private:
  TensorRule& add(TensorRule rule) {
    rules_.push_back(std::move(rule));
    return rules_.back();
  }

  std::uint32_t index_;
  std::vector<TensorRule> rules_;
};

void add_attention(LayerRules& rules, const ModelConfig& config, std::uint32_t index, LayerWeights& w) {
  const LayerConfig& layer = config.layers[index];
  const std::uint64_t width = config.embedding_length;
  const std::uint64_t queries = std::uint64_t{layer.heads} * layer.head_dim;
  const std::uint64_t keys = std::uint64_t{layer.kv_heads} * layer.head_dim;
  rules.vector("attn_norm.weight", w.attn_norm, width);
  rules.matrix("attn_q.weight", w.attn_q, width, queries);
  rules.vector("attn_q_norm.weight", w.attn_q_norm, layer.head_dim);
  rules.matrix("attn_output.weight", w.attn_output, queries, width);
  rules.vector("post_attention_norm.weight", w.post_attention_norm, width);
  if (!config.owns_kv(index)) return;
  rules.matrix("attn_k.weight", w.attn_k, width, keys);
  rules.vector("attn_k_norm.weight", w.attn_k_norm, layer.head_dim);
  rules.matrix("attn_v.weight", w.attn_v, width, keys).need = layer.sliding() ? Need::Required : Need::Optional;
}

void add_feed_forward(LayerRules& rules, const ModelConfig& config, std::uint32_t index, LayerWeights& w) {
  const std::uint64_t width = config.embedding_length;
  const std::uint64_t hidden = config.layers[index].ffn_width;
  rules.vector("ffn_norm.weight", w.ffn_norm, width);
  rules.matrix("ffn_gate.weight", w.ffn_gate, width, hidden);
  rules.matrix("ffn_up.weight", w.ffn_up, width, hidden);
  rules.matrix("ffn_down.weight", w.ffn_down, hidden, width);
  rules.vector("post_ffw_norm.weight", w.post_ffw_norm, width);
}

void add_experts(LayerRules& rules, const ModelConfig& config, std::uint32_t index, bool fused, LayerWeights& w) {
  const std::uint64_t width = config.embedding_length;
  const std::uint64_t hidden = config.expert_ffn_width;
  const std::uint64_t experts = config.expert_count;
  rules.matrix("ffn_gate_inp.weight", w.ffn_gate_inp, width, experts);
  rules.vector("ffn_gate_inp.scale", w.ffn_gate_inp_scale, width);
  rules.vector("post_ffw_norm_1.weight", w.post_ffw_norm_1, width);
  rules.vector("pre_ffw_norm_2.weight", w.pre_ffw_norm_2, width);
  rules.vector("post_ffw_norm_2.weight", w.post_ffw_norm_2, width);
  if (fused) {
    rules.matrix("ffn_gate_up_exps.weight", w.ffn_gate_up_exps, width, 2 * hidden, experts);
  } else {
    rules.matrix("ffn_gate_exps.weight", w.ffn_gate_exps, width, hidden, experts);
    rules.matrix("ffn_up_exps.weight", w.ffn_up_exps, width, hidden, experts);
  }
  rules.matrix("ffn_down_exps.weight", w.ffn_down_exps, hidden, width, experts);
  rules.vector("ffn_down_exps.scale", w.ffn_down_exps_scale, experts).other_name =
      layer_tensor_name(index, "ffn_gate_inp.per_expert_scale");
}

void add_per_layer_embedding(LayerRules& rules, const ModelConfig& config, LayerWeights& w) {
  rules.matrix("inp_gate.weight", w.inp_gate, config.embedding_length, config.per_layer_width);
  rules.matrix("proj.weight", w.proj, config.per_layer_width, config.embedding_length);
  rules.vector("post_norm.weight", w.post_norm, config.embedding_length);
}

}  // namespace

std::string layer_tensor_name(std::uint32_t index, const std::string& name) {
  return "blk." + std::to_string(index) + "." + name;
}

std::vector<TensorRule> model_tensor_rules(const ModelConfig& config, Weights& weights) {
  const std::uint64_t width = config.embedding_length;
  const std::uint64_t vocabulary = config.vocabulary_size;
  std::vector<TensorRule> rules = {
      {"token_embd.weight", &weights.token_embd, {width, vocabulary, 1}, WeightUse::Table},
      {"output_norm.weight", &weights.output_norm, {width, 1, 1}, WeightUse::Vector},
      {"output.weight", &weights.output, {width, vocabulary, 1}, WeightUse::Matrix, Need::Optional},
  };
  if (config.per_layer_width > 0) {
    const std::uint64_t all_layers = std::uint64_t{config.per_layer_width} * config.layer_count();
    rules.push_back(
        {"per_layer_token_embd.weight", &weights.per_layer_token_embd, {all_layers, vocabulary, 1}, WeightUse::Table});
    rules.push_back(
        {"per_layer_model_proj.weight", &weights.per_layer_model_proj, {width, all_layers, 1}, WeightUse::Matrix});
    rules.push_back({"per_layer_proj_norm.weight",
                     &weights.per_layer_proj_norm,
                     {config.per_layer_width, 1, 1},
                     WeightUse::Vector});
  }
  return rules;
}

std::vector<TensorRule> layer_tensor_rules(const ModelConfig& config, std::uint32_t index, bool fused_experts,
                                           LayerWeights& weights) {
  LayerRules rules(index);
  add_attention(rules, config, index, weights);
  add_feed_forward(rules, config, index, weights);
  if (config.expert_count > 0) add_experts(rules, config, index, fused_experts, weights);
  if (config.per_layer_width > 0) add_per_layer_embedding(rules, config, weights);
  return rules.take();
}

}  // namespace facet::engine
