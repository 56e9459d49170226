#pragma once

#include <cmath>

#include "gguf_image.h"

// Projector files built by the specification, in every dialect: with encoders and without, for pictures and sound, in a
// file of their own or, as ollama writes them, in that of a model. Each tensor has values of its own.
namespace tiny_projector {

using gguf_image::f32;
using gguf_image::Image;
using gguf_image::u32;

struct Tower {
  std::uint32_t width, layers, heads, ffn;
};

struct Shape {
  std::uint32_t text_width = 32;
  bool sees = true;
  bool hears = true;
  bool encoders = true;
  Tower vision = {16, 2, 2, 24};
  std::uint32_t positions = 8;
  bool clips = true;  // of the matrices for pictures
  bool standardises = false;
  Tower hearing = {12, 2, 3, 48};
  std::uint32_t channels[2] = {8, 4};
  std::uint32_t kernel = 5;
  std::uint32_t output_width = 20;
  bool ollama = false;
};

using Extents = std::vector<std::uint64_t>;

struct Entry {
  QByteArray name;
  Extents shape;
  bool is_limit = false;
};

// The tensors that a shape asks for.
class Plan {
 public:
  explicit Plan(const Shape& shape) : shape_(shape) {}

  std::vector<Entry> entries() {
    if (shape_.sees) shape_.encoders ? vision() : whole_patches();
    if (shape_.hears) {
      if (shape_.encoders) hearing();
      add("mm.a.input_projection.weight", {shape_.encoders ? shape_.output_width : 640, shape_.text_width});
    }
    return entries_;
  }

 private:
  void add(const QByteArray& name, const Extents& extents) { entries_.push_back({name, extents}); }
  void clipped(const QByteArray& name, const Extents& extents, bool clips) {
    add(name + ".weight", extents);
    if (!clips) return;
    for (const char* limit : {".input_min", ".input_max", ".output_min", ".output_max"})
      entries_.push_back({name + limit, {1}, true});
  }

  void vision() {
    const std::uint64_t h = shape_.vision.width;
    const std::uint64_t f = shape_.vision.ffn;
    add("v.patch_embd.weight", {16, 16, 3, h});
    add("v.position_embd.weight", {h, shape_.positions, 2});
    for (std::uint32_t i = 0; i < shape_.vision.layers; ++i) {
      const QByteArray block = "v.blk." + QByteArray::number(i) + ".";
      const bool scalars = shape_.clips && !shape_.ollama;
      for (const char* norm : {"ln1", "attn_post_norm", "ln2", "ffn_post_norm"})
        add(block + norm + ".weight", {h});
      for (const char* norm : {"attn_q_norm", "attn_k_norm"})
        add(block + norm + ".weight", {h / shape_.vision.heads});
      for (const char* matrix : {"attn_q", "attn_k", "attn_v", "attn_out"})
        clipped(block + matrix, {h, h}, scalars);
      clipped(block + "ffn_gate", {h, f}, scalars);
      clipped(block + "ffn_up", {h, f}, scalars);
      clipped(block + "ffn_down", {f, h}, scalars);
    }
    if (shape_.clips && shape_.ollama) entries_.push_back({"v.clamp_data", {(shape_.vision.layers * 7 + 1) * 4}, true});
    if (shape_.standardises) {
      add("v.std_bias", {h});
      add("v.std_scale", {h});
    }
    add("mm.input_projection.weight", {h, shape_.text_width});
  }

  void whole_patches() {
    const std::uint64_t w = shape_.vision.width;
    add("v.patch_embd.weight", {6912, w});
    add("v.patch_embd.bias", {w});
    for (int i = 1; i <= 3; ++i)
      for (const char* part : {".weight", ".bias"})
        add("v.patch_norm." + QByteArray::number(i) + part, {i == 1 ? 6912 : w});
    add("v.position_embd.weight", {w, shape_.positions, 2});
    add("mm.input_projection.weight", {w, shape_.text_width});
  }

  void hearing() {
    const std::uint64_t w = shape_.hearing.width;
    const std::uint64_t f = shape_.hearing.ffn;
    const bool ollama = shape_.ollama;
    add("a.conv1d.0.weight", {3, 3, 1, shape_.channels[0]});
    add("a.conv1d.0.norm.weight", {shape_.channels[0]});
    add("a.conv1d.1.weight", {3, 3, shape_.channels[0], shape_.channels[1]});
    add("a.conv1d.1.norm.weight", {shape_.channels[1]});
    add(ollama ? "a.pre_encode.out.weight" : "a.input_projection.weight", {32 * shape_.channels[1], w});
    for (std::uint32_t i = 0; i < shape_.hearing.layers; ++i) {
      const QByteArray block = "a.blk." + QByteArray::number(i) + ".";
      for (const char* suffix : {"", "_1"}) {
        add(block + "ffn_norm" + suffix + ".weight", {w});
        clipped(block + "ffn_up" + suffix, {w, f}, true);
        clipped(block + "ffn_down" + suffix, {f, w}, true);
        add(block + "ffn_post_norm" + suffix + ".weight", {w});
      }
      add(block + (ollama ? "ln1" : "attn_pre_norm") + ".weight", {w});
      for (const char* matrix : {"attn_q", "attn_k", "attn_v", "attn_out"})
        clipped(block + matrix, {w, w}, true);
      add(block + (ollama ? "linear_pos" : "attn_k_rel") + ".weight", {w, w});
      add(block + "per_dim_scale.weight", {w / shape_.hearing.heads});
      add(block + (ollama ? "ln2" : "attn_post_norm") + ".weight", {w});
      add(block + "conv_norm.weight", {w});
      clipped(block + "conv_pw1", {w, 2 * w}, true);
      add(block + "conv_dw.weight", {shape_.kernel, w});
      add(block + "norm_conv.weight", {w});
      clipped(block + "conv_pw2", {w, w}, true);
      add(block + (ollama ? "layer_pre_norm" : "ln2") + ".weight", {w});
    }
    add(ollama ? "mm.a.fc.weight" : "a.pre_encode.out.weight", {w, shape_.output_width});
    add(ollama ? "mm.a.fc.bias" : "a.pre_encode.out.bias", {shape_.output_width});
  }

  const Shape& shape_;
  std::vector<Entry> entries_;
};

// What a file of its own says; the numbers of the towers as ollama says them are the same with other names.
inline void set_tower(Image& image, const QByteArray& prefix, const Tower& tower, bool encoder) {
  image.set(prefix + "embedding_length", u32(tower.width));
  image.set(prefix + "feed_forward_length", u32(encoder ? tower.ffn : 0));
  image.set(prefix + "block_count", u32(encoder ? tower.layers : 0));
  image.set(prefix + "attention.head_count", u32(encoder ? tower.heads : 0));
  image.set(prefix + "attention.layer_norm_epsilon", f32(1e-6F));
}

inline void set_metadata(Image& image, const Shape& shape) {
  using gguf_image::scalar;
  using gguf_image::string;
  image.set("general.architecture", string("clip"));
  image.set("general.type", string("mmproj"));
  image.set("general.name", string("Tiny eyes and ears"));
  if (shape.sees) {
    image.set("clip.has_vision_encoder", scalar<std::uint8_t>(gguf_image::Bool, 1));
    image.set("clip.vision.projector_type", string(shape.encoders ? "gemma4v" : "gemma4uv"));
    image.set("clip.vision.projection_dim", u32(shape.text_width));
    image.set("clip.vision.image_size", u32(224));
    image.set("clip.vision.patch_size", u32(16));
    set_tower(image, "clip.vision.", shape.vision, shape.encoders);
    image.set("clip.vision.image_mean", gguf_image::array<float>(gguf_image::F32, {0, 0, 0}));
    image.set("clip.vision.image_std", gguf_image::array<float>(gguf_image::F32, {1, 1, 1}));
  }
  if (shape.hears) {
    image.set("clip.has_audio_encoder", scalar<std::uint8_t>(gguf_image::Bool, 1));
    image.set("clip.audio.projector_type", string(shape.encoders ? "gemma4a" : "gemma4ua"));
    image.set("clip.audio.projection_dim", u32(shape.text_width));
    image.set("clip.audio.num_mel_bins", u32(128));
    set_tower(image, "clip.audio.", shape.hearing, shape.encoders);
  }
}

// The keys that ollama adds to those of the model.
inline void set_metadata_inside(Image& image, const Shape& shape) {
  if (shape.sees) {
    set_tower(image, "gemma4.vision.", shape.vision, shape.encoders);
    image.set("gemma4.vision.patch_size", u32(16));
    image.set("gemma4.vision.num_channels", u32(3));
    image.set("gemma4.vision.projector.scale_factor", u32(3));
  }
  if (shape.hears) {
    set_tower(image, "gemma4.audio.", shape.hearing, shape.encoders);
    image.set("gemma4.audio.conv_kernel_size", u32(shape.kernel));
  }
}

// Values count on through all tensors; limits do too, but in pairs of a lower and an upper one.
inline void add_tensors(Image& image, const Shape& shape) {
  float value = 1;
  float limit = 1;
  for (const Entry& entry : Plan(shape).entries()) {
    std::uint64_t count = 1;
    for (const std::uint64_t extent : entry.shape)
      count *= extent;
    QByteArray data;
    for (std::uint64_t i = 0; i < count; ++i) {
      const bool lower = entry.name.endsWith("min") || (entry.shape[0] > 1 && i % 2 == 0);
      if (entry.is_limit)
        data += gguf_image::raw(lower ? -limit : limit + 0.5F);
      else
        data += gguf_image::raw(value + static_cast<float>(i % 7) / 8);
      if (entry.is_limit && !lower) limit += 1;
    }
    value += 1;
    image.tensors.push_back({entry.name, entry.shape, 0, data});
  }
}

inline Image build(const Shape& shape = {}) {
  Image image;
  set_metadata(image, shape);
  add_tensors(image, shape);
  return image;
}

// A model's file with a projector in it.
inline Image build_inside(Image model, Shape shape = {}) {
  shape.ollama = true;
  set_metadata_inside(model, shape);
  add_tensors(model, shape);
  return model;
}

}  // namespace tiny_projector
