#include "engine/media/encoder_weights.h"

#include <algorithm>

#include "engine/base/check.h"

namespace facet::engine {
namespace {

// Collects what is there.
class Tensors {
 public:
  void vector(const GgufTensor* tensor, Weight& slot) { add(tensor, WeightUse::Vector, slot, size_of(tensor), 1); }
  void matrix(const GgufTensor* tensor, Weight& slot) {
    if (tensor != nullptr) add(tensor, WeightUse::Matrix, slot, tensor->shape[0], tensor->shape[1]);
  }
  // The weights of a convolution, or of a patch, that one output adds up.
  void block(const GgufTensor* tensor, Weight& slot) {
    if (tensor != nullptr) add(tensor, WeightUse::Matrix, slot, size_of(tensor) / tensor->shape[3], tensor->shape[3]);
  }
  void table(const GgufTensor* tensor, Weight& slot) {
    if (tensor != nullptr) add(tensor, WeightUse::Table, slot, tensor->shape[0], size_of(tensor) / tensor->shape[0]);
  }
  void clipped(const ClippedMatrix& matrix, ClippedWeight& slot) {
    slot.clip = matrix.clip;
    this->matrix(matrix.weight, slot.weight);
  }
  std::vector<EncoderTensor> take() { return std::move(list_); }

 private:
  static std::uint64_t size_of(const GgufTensor* tensor) {
    if (tensor == nullptr) return 0;
    return tensor->shape[0] * tensor->shape[1] * tensor->shape[2] * tensor->shape[3];
  }
  void add(const GgufTensor* tensor, WeightUse use, Weight& slot, std::uint64_t inputs, std::uint64_t outputs) {
    if (tensor == nullptr) return;
    EncoderTensor entry{*tensor, use, &slot};
    entry.tensor.shape = {inputs, outputs, 1, 1};
    list_.push_back(entry);
  }

  std::vector<EncoderTensor> list_;
};

void add_vision_layer(Tensors& list, const VisionLayerTensors& tensors, VisionLayerWeights& weights) {
  list.vector(tensors.ln1, weights.ln1);
  list.clipped(tensors.attn_q, weights.attn_q);
  list.clipped(tensors.attn_k, weights.attn_k);
  list.clipped(tensors.attn_v, weights.attn_v);
  list.vector(tensors.attn_q_norm, weights.attn_q_norm);
  list.vector(tensors.attn_k_norm, weights.attn_k_norm);
  list.clipped(tensors.attn_out, weights.attn_out);
  list.vector(tensors.attn_post_norm, weights.attn_post_norm);
  list.vector(tensors.ln2, weights.ln2);
  list.clipped(tensors.ffn_gate, weights.ffn_gate);
  list.clipped(tensors.ffn_up, weights.ffn_up);
  list.clipped(tensors.ffn_down, weights.ffn_down);
  list.vector(tensors.ffn_post_norm, weights.ffn_post_norm);
}

void add_vision(Tensors& list, const VisionConfig& config, const VisionTensors& tensors, VisionWeights& weights) {
  config.has_encoder() ? list.block(tensors.patch_embd, weights.patch_embd)
                       : list.matrix(tensors.patch_embd, weights.patch_embd);
  list.vector(tensors.patch_embd_bias, weights.patch_embd_bias);
  list.table(tensors.position_embd, weights.positions);
  for (std::size_t i = 0; i < tensors.patch_norms.size(); ++i) {
    list.vector(tensors.patch_norms[i].weight, weights.patch_norms[i].weight);
    list.vector(tensors.patch_norms[i].bias, weights.patch_norms[i].bias);
  }
  weights.layers.resize(tensors.layers.size());
  for (std::size_t i = 0; i < tensors.layers.size(); ++i)
    add_vision_layer(list, tensors.layers[i], weights.layers[i]);
  list.vector(tensors.std_bias, weights.std_bias);
  list.vector(tensors.std_scale, weights.std_scale);
  list.clipped(tensors.input_projection, weights.input_projection);
}

void add_feed_forward(Tensors& list, const HearingFeedForwardTensors& tensors, HearingFeedForwardWeights& weights) {
  list.vector(tensors.norm, weights.norm);
  list.clipped(tensors.up, weights.up);
  list.clipped(tensors.down, weights.down);
  list.vector(tensors.post_norm, weights.post_norm);
}

void add_hearing_layer(Tensors& list, const HearingLayerTensors& tensors, HearingLayerWeights& weights) {
  add_feed_forward(list, tensors.ffn_before, weights.ffn_before);
  list.vector(tensors.attn_pre_norm, weights.attn_pre_norm);
  list.clipped(tensors.attn_q, weights.attn_q);
  list.clipped(tensors.attn_k, weights.attn_k);
  list.clipped(tensors.attn_v, weights.attn_v);
  list.matrix(tensors.attn_k_rel, weights.attn_k_rel);
  list.vector(tensors.per_dim_scale, weights.per_dim_scale);
  list.clipped(tensors.attn_out, weights.attn_out);
  list.vector(tensors.attn_post_norm, weights.attn_post_norm);
  list.vector(tensors.conv_pre_norm, weights.conv_pre_norm);
  list.clipped(tensors.conv_start, weights.conv_start);
  list.vector(tensors.conv_depthwise, weights.conv_depthwise);
  list.vector(tensors.conv_norm, weights.conv_norm);
  list.clipped(tensors.conv_end, weights.conv_end);
  add_feed_forward(list, tensors.ffn_behind, weights.ffn_behind);
  list.vector(tensors.out_norm, weights.out_norm);
}

void add_hearing(Tensors& list, const HearingTensors& tensors, HearingWeights& weights) {
  for (std::size_t i = 0; i < tensors.convolutions.size(); ++i) {
    list.block(tensors.convolutions[i], weights.convolutions[i]);
    list.vector(tensors.convolution_norms[i], weights.convolution_norms[i]);
  }
  list.matrix(tensors.input_projection, weights.input_projection);
  weights.layers.resize(tensors.layers.size());
  for (std::size_t i = 0; i < tensors.layers.size(); ++i)
    add_hearing_layer(list, tensors.layers[i], weights.layers[i]);
  list.matrix(tensors.output, weights.output);
  list.vector(tensors.output_bias, weights.output_bias);
  list.matrix(tensors.soft_projection, weights.soft_projection);
}

bool has_limits(float least, float most) {
  return least > std::numeric_limits<float>::lowest() || most < std::numeric_limits<float>::max();
}

// x within the limits of a matrix, in `room` where these let not everything through.
View within(EncoderBackend& backend, const ClipRange& clip, const View& x, const View& room) {
  if (!has_limits(clip.input_min, clip.input_max)) return x;
  backend.clamp(x, clip.input_min, clip.input_max, room);
  return room;
}

}  // namespace

std::vector<EncoderTensor> encoder_tensors(const Projector& projector, EncoderWeights& weights) {
  Tensors list;
  if (projector.vision) add_vision(list, *projector.config.vision, *projector.vision, weights.vision.emplace());
  if (projector.hearing) add_hearing(list, *projector.hearing, weights.hearing.emplace());
  return list.take();
}

// Matrices that keep x within the same limits share one product.
void multiply_clipped(EncoderBackend& backend, std::span<const ClippedWeight* const> matrices, const View& x,
                      const View& room, std::span<const View> outs) {
  FACET_CHECK(matrices.size() == outs.size() && matrices.size() <= Backend::kMostProducts, "%zu", matrices.size());
  const auto are_alike = [&](std::size_t i, std::size_t j) {
    return matrices[i]->clip.input_min == matrices[j]->clip.input_min &&
           matrices[i]->clip.input_max == matrices[j]->clip.input_max;
  };
  for (std::size_t first = 0, end = 0; first < matrices.size(); first = end) {
    std::array<Weight, Backend::kMostProducts> weights;
    while (end < matrices.size() && are_alike(first, end)) {
      weights[end] = matrices[end]->weight;
      ++end;
    }
    const std::size_t count = end - first;
    backend.matmul_all(std::span(weights).subspan(first, count), within(backend, matrices[first]->clip, x, room),
                       outs.subspan(first, count));
  }
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    const ClipRange& clip = matrices[i]->clip;
    if (has_limits(clip.output_min, clip.output_max)) backend.clamp(outs[i], clip.output_min, clip.output_max, outs[i]);
  }
}

void multiply_clipped(EncoderBackend& backend, const ClippedWeight& matrix, const View& x, const View& room,
                      const View& out) {
  const std::array matrices = {&matrix};
  multiply_clipped(backend, matrices, x, room, {&out, 1});
}

}  // namespace facet::engine
