#include "engine/media/projector_rules.h"

#include <utility>

#include "engine/media/log_mel.h"

namespace facet::engine {
namespace {

using Kind = ProjectorRule::Kind;
using Need = ProjectorRule::Need;

// Collects rules under a prefix.
class Rules {
 public:
  void set_prefix(std::string prefix) { prefix_ = std::move(prefix); }
  void set_layer(const char* tower, std::size_t index) { prefix_ = tower + (".blk." + std::to_string(index)) + "."; }

  ProjectorRule& vector(const std::string& name, const GgufTensor*& slot, std::uint64_t size) {
    return add(name, slot, {size, 1, 1, 1}, Kind::Vector);
  }
  ProjectorRule& matrix(const std::string& name, const GgufTensor*& slot, std::uint64_t inputs, std::uint64_t outputs) {
    return add(name, slot, {inputs, outputs, 1, 1}, Kind::Matrix);
  }
  ProjectorRule& block(const std::string& name, const GgufTensor*& slot, const std::array<std::uint64_t, 4>& shape) {
    return add(name, slot, shape, Kind::Matrix);
  }
  void clipped(const std::string& name, ClippedMatrix& slot, std::uint64_t inputs, std::uint64_t outputs) {
    matrix(name, slot.weight, inputs, outputs).clip = &slot.clip;
  }
  std::vector<ProjectorRule> take() { return std::move(rules_); }

 private:
  ProjectorRule& add(const std::string& name, const GgufTensor*& slot, const std::array<std::uint64_t, 4>& shape,
                     Kind kind) {
    rules_.push_back({prefix_ + name, &slot, shape, kind});
    return rules_.back();
  }

  std::string prefix_;
  std::vector<ProjectorRule> rules_;
};

void add_vision_layer(Rules& rules, const VisionConfig& config, VisionLayerTensors& layer) {
  const std::uint64_t width = config.width;
  const std::uint64_t ffn = config.ffn_width;
  rules.vector("ln1.weight", layer.ln1, width);
  rules.clipped("attn_q.weight", layer.attn_q, width, width);
  rules.clipped("attn_k.weight", layer.attn_k, width, width);
  rules.clipped("attn_v.weight", layer.attn_v, width, width);
  rules.vector("attn_q_norm.weight", layer.attn_q_norm, config.head_dim);
  rules.vector("attn_k_norm.weight", layer.attn_k_norm, config.head_dim);
  rules.clipped("attn_out.weight", layer.attn_out, width, width);
  rules.vector("attn_post_norm.weight", layer.attn_post_norm, width);
  rules.vector("ln2.weight", layer.ln2, width);
  rules.clipped("ffn_gate.weight", layer.ffn_gate, width, ffn);
  rules.clipped("ffn_up.weight", layer.ffn_up, width, ffn);
  rules.clipped("ffn_down.weight", layer.ffn_down, ffn, width);
  rules.vector("ffn_post_norm.weight", layer.ffn_post_norm, width);
}

void add_vision_encoder(Rules& rules, const VisionConfig& config, VisionTensors& tensors) {
  const std::uint64_t side = config.patch_side;
  rules.block("v.patch_embd.weight", tensors.patch_embd, {side, side, 3, config.width});
  rules.vector("v.std_bias", tensors.std_bias, config.width).need = Need::Optional;
  rules.vector("v.std_scale", tensors.std_scale, config.width).need = Need::Optional;
  tensors.layers.resize(config.layers);
  for (std::size_t i = 0; i < tensors.layers.size(); ++i) {
    rules.set_layer("v", i);
    add_vision_layer(rules, config, tensors.layers[i]);
  }
  rules.set_prefix("");
}

void add_whole_patches(Rules& rules, const VisionConfig& config, VisionTensors& tensors) {
  const std::uint64_t values = std::uint64_t{config.patch_side} * config.patch_side * 3;
  rules.matrix("v.patch_embd.weight", tensors.patch_embd, values, config.width);
  rules.vector("v.patch_embd.bias", tensors.patch_embd_bias, config.width);
  for (std::size_t i = 0; i < tensors.patch_norms.size(); ++i) {
    rules.set_prefix("v.patch_norm." + std::to_string(i + 1) + ".");
    rules.vector("weight", tensors.patch_norms[i].weight, i == 0 ? values : config.width);
    rules.vector("bias", tensors.patch_norms[i].bias, i == 0 ? values : config.width);
  }
  rules.set_prefix("");
}

struct HearingNames {
  const char* attn_pre_norm;
  const char* attn_post_norm;
  const char* attn_k_rel;
  const char* out_norm;
  const char* input_projection;
  const char* output;
};
constexpr HearingNames kNames = {"attn_pre_norm.weight", "attn_post_norm.weight",     "attn_k_rel.weight",
                                 "ln2.weight",           "a.input_projection.weight", "a.pre_encode.out"};
constexpr HearingNames kNamesOfOllama = {
    "ln1.weight", "ln2.weight", "linear_pos.weight", "layer_pre_norm.weight", "a.pre_encode.out.weight", "mm.a.fc"};

void add_hearing_feed_forward(Rules& rules, const HearingConfig& config, const std::string& suffix,
                              HearingFeedForwardTensors& ffn) {
  rules.vector("ffn_norm" + suffix, ffn.norm, config.width);
  rules.clipped("ffn_up" + suffix, ffn.up, config.width, config.ffn_width);
  rules.clipped("ffn_down" + suffix, ffn.down, config.ffn_width, config.width);
  rules.vector("ffn_post_norm" + suffix, ffn.post_norm, config.width);
}

void add_hearing_layer(Rules& rules, const HearingConfig& config, const HearingNames& names,
                       HearingLayerTensors& layer) {
  const std::uint64_t width = config.width;
  add_hearing_feed_forward(rules, config, ".weight", layer.ffn_before);
  rules.vector(names.attn_pre_norm, layer.attn_pre_norm, width);
  rules.clipped("attn_q.weight", layer.attn_q, width, width);
  rules.clipped("attn_k.weight", layer.attn_k, width, width);
  rules.clipped("attn_v.weight", layer.attn_v, width, width);
  rules.clipped("attn_out.weight", layer.attn_out, width, width);
  rules.matrix(names.attn_k_rel, layer.attn_k_rel, width, width);
  rules.vector("per_dim_scale.weight", layer.per_dim_scale, config.head_dim);
  rules.vector(names.attn_post_norm, layer.attn_post_norm, width);
  rules.vector("conv_norm.weight", layer.conv_pre_norm, width);
  rules.clipped("conv_pw1.weight", layer.conv_start, width, 2 * width);
  rules.matrix("conv_dw.weight", layer.conv_depthwise, config.kernel, width);
  rules.vector("norm_conv.weight", layer.conv_norm, width);
  rules.clipped("conv_pw2.weight", layer.conv_end, width, width);
  add_hearing_feed_forward(rules, config, "_1.weight", layer.ffn_behind);
  rules.vector(names.out_norm, layer.out_norm, width);
}

void add_hearing_encoder(Rules& rules, const HearingConfig& config, const HearingNames& names,
                         HearingTensors& tensors) {
  const std::uint64_t first = config.channels[0];
  const std::uint64_t second = config.channels[1];
  rules.block("a.conv1d.0.weight", tensors.convolutions[0], {3, 3, 1, first});
  rules.vector("a.conv1d.0.norm.weight", tensors.convolution_norms[0], first);
  rules.block("a.conv1d.1.weight", tensors.convolutions[1], {3, 3, first, second});
  rules.vector("a.conv1d.1.norm.weight", tensors.convolution_norms[1], second);
  // Each convolution halves the bands.
  rules.matrix(names.input_projection, tensors.input_projection, kMelBands / 4 * second, config.width);
  rules.matrix(names.output + std::string(".weight"), tensors.output, config.width, config.output_width);
  rules.vector(names.output + std::string(".bias"), tensors.output_bias, config.output_width);
  tensors.layers.resize(config.layers);
  for (std::size_t i = 0; i < tensors.layers.size(); ++i) {
    rules.set_layer("a", i);
    add_hearing_layer(rules, config, names, tensors.layers[i]);
  }
  rules.set_prefix("");
}

}  // namespace

std::vector<ProjectorRule> vision_rules(const VisionConfig& config, VisionTensors& tensors) {
  Rules rules;
  config.has_encoder() ? add_vision_encoder(rules, config, tensors) : add_whole_patches(rules, config, tensors);
  rules.block("v.position_embd.weight", tensors.position_embd, {config.width, config.positions, 2, 1});
  rules.clipped("mm.input_projection.weight", tensors.input_projection, config.width, config.text_width);
  return rules.take();
}

std::vector<ProjectorRule> hearing_rules(const HearingConfig& config, bool names_of_ollama, HearingTensors& tensors) {
  Rules rules;
  if (config.has_encoder()) add_hearing_encoder(rules, config, names_of_ollama ? kNamesOfOllama : kNames, tensors);
  rules.matrix("mm.a.input_projection.weight", tensors.soft_projection,
               config.has_encoder() ? config.output_width : config.width, config.text_width);
  return rules.take();
}

std::array<ClippedMatrix*, kVisionClippedMatrices> clipped_matrices(VisionLayerTensors& layer) {
  return {&layer.attn_q,   &layer.attn_k, &layer.attn_v,  &layer.attn_out,
          &layer.ffn_gate, &layer.ffn_up, &layer.ffn_down};
}

}  // namespace facet::engine
