#pragma once

#include <cmath>
#include <random>

#include "gguf_image.h"

// A whole model of a few thousand random float32 weights, built by the specification, for tests that change one thing
// about a sound file.
namespace tiny_model {

struct Shape {
  std::uint32_t embedding = 32;
  std::uint32_t vocabulary = 40;
  std::uint32_t heads = 2;
  std::uint32_t kv_heads = 1;
  std::uint32_t full_dim = 16;
  std::uint32_t sliding_dim = 8;
  std::uint32_t window = 4;
  std::uint32_t context = 64;
  std::uint32_t ffn = 48;
  std::uint32_t per_layer = 8;
  std::uint32_t experts = 0;
  std::uint32_t experts_used = 2;
  std::uint32_t expert_ffn = 24;
  std::vector<bool> sliding = {true, false, true, false};
  std::uint32_t shared = 2;
};

class Builder {
 public:
  explicit Builder(const Shape& shape) : shape_(shape) {}

  gguf_image::Image build() {
    metadata();
    add("token_embd.weight", {shape_.embedding, shape_.vocabulary});
    add("output_norm.weight", {shape_.embedding});
    rope_factors();
    if (shape_.per_layer > 0) {
      const std::uint64_t width = std::uint64_t{shape_.per_layer} * shape_.sliding.size();
      add("per_layer_token_embd.weight", {width, shape_.vocabulary});
      add("per_layer_model_proj.weight", {shape_.embedding, width});
      add("per_layer_proj_norm.weight", {shape_.per_layer});
    }
    for (std::uint32_t i = 0; i < shape_.sliding.size(); ++i)
      layer(i);
    return image_;
  }

 private:
  void metadata() {
    using gguf_image::f32;
    using gguf_image::u32;
    const auto key = [](const char* name) { return QByteArray("gemma4.") + name; };
    image_.set("general.architecture", gguf_image::string("gemma4"));
    image_.set("general.name", gguf_image::string("Tiny"));
    image_.set(key("block_count"), u32(static_cast<std::uint32_t>(shape_.sliding.size())));
    image_.set(key("context_length"), u32(shape_.context));
    image_.set(key("embedding_length"), u32(shape_.embedding));
    image_.set(key("feed_forward_length"), u32(shape_.ffn));
    image_.set(key("attention.head_count"), u32(shape_.heads));
    image_.set(key("attention.head_count_kv"), u32(shape_.kv_heads));
    image_.set(key("attention.key_length"), u32(shape_.full_dim));
    image_.set(key("attention.value_length"), u32(shape_.full_dim));
    image_.set(key("attention.key_length_swa"), u32(shape_.sliding_dim));
    image_.set(key("attention.value_length_swa"), u32(shape_.sliding_dim));
    image_.set(key("attention.layer_norm_rms_epsilon"), f32(1e-6F));
    image_.set(key("attention.sliding_window"), u32(shape_.window));
    std::vector<std::uint8_t> pattern(shape_.sliding.begin(), shape_.sliding.end());
    image_.set(key("attention.sliding_window_pattern"), gguf_image::array(gguf_image::Bool, pattern));
    image_.set(key("attention.shared_kv_layers"), u32(shape_.shared));
    image_.set(key("rope.freq_base"), f32(1e6F));
    image_.set(key("rope.freq_base_swa"), f32(1e4F));
    image_.set(key("rope.dimension_count"), u32(shape_.full_dim));
    image_.set(key("rope.dimension_count_swa"), u32(shape_.sliding_dim));
    image_.set(key("final_logit_softcapping"), f32(30.0F));
    image_.set(key("embedding_length_per_layer_input"), u32(shape_.per_layer));
    if (shape_.experts == 0) return;
    image_.set(key("expert_count"), u32(shape_.experts));
    image_.set(key("expert_used_count"), u32(shape_.experts_used));
    image_.set(key("expert_feed_forward_length"), u32(shape_.expert_ffn));
  }

  void layer(std::uint32_t index) {
    const std::uint64_t width = shape_.embedding;
    const std::uint64_t dim = shape_.sliding[index] ? shape_.sliding_dim : shape_.full_dim;
    const QByteArray block = "blk." + QByteArray::number(index) + ".";
    add(block + "attn_norm.weight", {width});
    add(block + "attn_q.weight", {width, shape_.heads * dim});
    add(block + "attn_q_norm.weight", {dim});
    if (index < shape_.sliding.size() - shape_.shared) {
      add(block + "attn_k.weight", {width, shape_.kv_heads * dim});
      add(block + "attn_k_norm.weight", {dim});
      add(block + "attn_v.weight", {width, shape_.kv_heads * dim});
    }
    add(block + "attn_output.weight", {shape_.heads * dim, width});
    add(block + "post_attention_norm.weight", {width});
    add(block + "ffn_norm.weight", {width});
    add(block + "ffn_gate.weight", {width, shape_.ffn});
    add(block + "ffn_up.weight", {width, shape_.ffn});
    add(block + "ffn_down.weight", {shape_.ffn, width});
    add(block + "post_ffw_norm.weight", {width});
    add(block + "layer_output_scale.weight", {1});
    if (shape_.per_layer > 0) {
      add(block + "inp_gate.weight", {width, shape_.per_layer});
      add(block + "proj.weight", {shape_.per_layer, width});
      add(block + "post_norm.weight", {width});
    }
    if (shape_.experts > 0) experts(block);
  }

  void experts(const QByteArray& block) {
    const std::uint64_t width = shape_.embedding;
    add(block + "ffn_gate_inp.weight", {width, shape_.experts});
    add(block + "ffn_gate_inp.scale", {width});
    add(block + "post_ffw_norm_1.weight", {width});
    add(block + "pre_ffw_norm_2.weight", {width});
    add(block + "post_ffw_norm_2.weight", {width});
    add(block + "ffn_gate_up_exps.weight", {width, 2 * shape_.expert_ffn, shape_.experts});
    add(block + "ffn_down_exps.weight", {shape_.expert_ffn, width, shape_.experts});
    add(block + "ffn_down_exps.scale", {shape_.experts});
  }

  // The first quarter of the pairs rotates.
  void rope_factors() {
    QByteArray data;
    for (std::uint32_t i = 0; i < shape_.full_dim / 2; ++i)
      data += gguf_image::raw(i < shape_.full_dim / 8 ? 1.0F : 1e30F);
    image_.tensors.push_back({"rope_freqs.weight", {shape_.full_dim / 2}, 0, data});
  }

  void add(const QByteArray& name, const std::vector<std::uint64_t>& shape) {
    std::uint64_t count = 1;
    for (const std::uint64_t extent : shape)
      count *= extent;
    // Vectors are factors around one, matrices keep the size of what they multiply.
    std::normal_distribution<float> values(shape.size() == 1 ? 1.0F : 0.0F,
                                           shape.size() == 1 ? 0.2F : 1.0F / std::sqrt(static_cast<float>(shape[0])));
    QByteArray data;
    for (std::uint64_t i = 0; i < count; ++i)
      data += gguf_image::raw(values(random_));
    image_.tensors.push_back({name, shape, 0, data});
  }

  Shape shape_;
  gguf_image::Image image_;
  std::mt19937 random_{1};
};

inline gguf_image::Image build(const Shape& shape = {}) {
  return Builder(shape).build();
}

}  // namespace tiny_model
