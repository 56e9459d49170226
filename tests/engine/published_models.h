#pragma once

#include <QFile>
#include <QTemporaryDir>
#include <algorithm>

#include "gguf_image.h"

// Files with the metadata and the tensors of the published models in their real shapes, as the specification lists
// them. The weights are holes in a sparse file, so that a model of many gigabytes costs some kilobytes.
namespace published_models {

using gguf_image::f32;
using gguf_image::u32;

struct Size {
  const char* label;
  std::uint32_t width, layers, period, heads, kv_sliding, kv_full, ffn, shared, window, context;
  bool wide_shared_ffn;  // twice the width in layers without keys of their own
  bool values_are_keys;  // in full layers
  std::uint32_t per_layer;
  std::uint32_t experts;
  // From the specification: tensors with and without unused keys and values, and parameters.
  int tensors_with_unused, tensors;
  double billions;
};

inline constexpr Size kSizes[] = {
    {"E2B", 1536, 35, 5, 8, 1, 1, 6144, 20, 512, 131072, true, false, 256, 0, 601, 541, 4.629},
    {"E4B", 2560, 42, 6, 8, 2, 2, 10240, 18, 512, 131072, false, false, 256, 0, 720, 666, 7.463},
    {"12B", 3840, 48, 6, 16, 8, 1, 15360, 0, 1024, 262144, false, true, 0, 0, 667, 667, 11.907},
    {"26B-A4B", 2816, 30, 6, 16, 8, 2, 2112, 0, 1024, 262144, false, true, 0, 128, 658, 658, 25.233},
    {"31B", 5376, 60, 6, 32, 16, 4, 21504, 0, 1024, 262144, false, true, 0, 0, 833, 833, 30.697},
};

constexpr std::uint32_t kVocabulary = 262144;
constexpr std::uint32_t kFullDim = 512;
constexpr std::uint32_t kSlidingDim = 256;
constexpr std::uint32_t kExpertFfn = 704;
constexpr std::uint32_t kExpertsUsed = 8;

inline bool is_full(const Size& size, std::uint32_t layer) {
  return layer % size.period == size.period - 1;
}
inline std::uint32_t owners(const Size& size) {
  return size.layers - size.shared;
}
inline std::uint32_t ffn_width(const Size& size, std::uint32_t layer) {
  return size.wide_shared_ffn && layer >= owners(size) ? 2 * size.ffn : size.ffn;
}

// A tensor whose data is nothing but zeros; F16 unless it is a vector.
struct Hole {
  QByteArray name;
  std::vector<std::uint64_t> shape;
};

class Builder {
 public:
  Builder(const Size& size, bool unused_keys) : size_(size), unused_keys_(unused_keys) {}

  std::vector<Hole> tensors() {
    add("token_embd.weight", {size_.width, kVocabulary});
    add("output_norm.weight", {size_.width});
    if (size_.per_layer > 0) {
      add("per_layer_token_embd.weight", {size_.per_layer * size_.layers, kVocabulary});
      add("per_layer_model_proj.weight", {size_.width, size_.per_layer * size_.layers});
      add("per_layer_proj_norm.weight", {size_.per_layer});
    }
    for (std::uint32_t i = 0; i < size_.layers; ++i)
      layer(i);
    return holes_;
  }

  gguf_image::Image metadata() const {
    gguf_image::Image image;
    const auto key = [](const char* name) { return QByteArray("gemma4.") + name; };
    std::vector<std::uint8_t> sliding;
    std::vector<std::int32_t> kv_heads;
    std::vector<std::int32_t> ffn;
    for (std::uint32_t i = 0; i < size_.layers; ++i) {
      sliding.push_back(is_full(size_, i) ? 0 : 1);
      kv_heads.push_back(static_cast<std::int32_t>(is_full(size_, i) ? size_.kv_full : size_.kv_sliding));
      ffn.push_back(static_cast<std::int32_t>(ffn_width(size_, i)));
    }
    image.set("general.architecture", gguf_image::string("gemma4"));
    image.set(key("block_count"), u32(size_.layers));
    image.set(key("context_length"), u32(size_.context));
    image.set(key("embedding_length"), u32(size_.width));
    // Writers use a scalar where all layers are the same.
    image.set(key("feed_forward_length"),
              size_.wide_shared_ffn ? gguf_image::array(gguf_image::I32, ffn) : u32(size_.ffn));
    image.set(key("attention.head_count"), u32(size_.heads));
    image.set(key("attention.head_count_kv"),
              size_.kv_full != size_.kv_sliding ? gguf_image::array(gguf_image::I32, kv_heads) : u32(size_.kv_full));
    image.set(key("attention.key_length"), u32(kFullDim));
    image.set(key("attention.value_length"), u32(kFullDim));
    image.set(key("attention.key_length_swa"), u32(kSlidingDim));
    image.set(key("attention.value_length_swa"), u32(kSlidingDim));
    image.set(key("attention.layer_norm_rms_epsilon"), f32(1e-6F));
    image.set(key("attention.sliding_window"), u32(size_.window));
    image.set(key("attention.sliding_window_pattern"), gguf_image::array(gguf_image::Bool, sliding));
    image.set(key("attention.shared_kv_layers"), u32(size_.shared));
    image.set(key("rope.freq_base"), f32(1e6F));
    image.set(key("rope.freq_base_swa"), f32(1e4F));
    image.set(key("rope.dimension_count"), u32(kFullDim));
    image.set(key("rope.dimension_count_swa"), u32(kSlidingDim));
    image.set(key("final_logit_softcapping"), f32(30.0F));
    image.set(key("embedding_length_per_layer_input"), u32(size_.per_layer));
    if (size_.experts > 0) {
      image.set(key("expert_count"), u32(size_.experts));
      image.set(key("expert_used_count"), u32(kExpertsUsed));
      image.set(key("expert_feed_forward_length"), u32(kExpertFfn));
    }
    return image;
  }

 private:
  void add(const QByteArray& name, const std::vector<std::uint64_t>& shape) { holes_.push_back({name, shape}); }

  void layer(std::uint32_t index) {
    const std::uint64_t width = size_.width;
    const std::uint64_t dim = is_full(size_, index) ? kFullDim : kSlidingDim;
    const std::uint64_t keys = dim * (is_full(size_, index) ? size_.kv_full : size_.kv_sliding);
    const QByteArray block = "blk." + QByteArray::number(index) + ".";
    for (const char* norm : {"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"})
      add(block + norm + ".weight", {width});
    add(block + "attn_q.weight", {width, size_.heads * dim});
    add(block + "attn_q_norm.weight", {dim});
    if (index < owners(size_) || unused_keys_) {
      add(block + "attn_k.weight", {width, keys});
      add(block + "attn_k_norm.weight", {dim});
      if (!(size_.values_are_keys && is_full(size_, index))) add(block + "attn_v.weight", {width, keys});
    }
    add(block + "attn_output.weight", {size_.heads * dim, width});
    add(block + "ffn_gate.weight", {width, ffn_width(size_, index)});
    add(block + "ffn_up.weight", {width, ffn_width(size_, index)});
    add(block + "ffn_down.weight", {ffn_width(size_, index), width});
    add(block + "layer_output_scale.weight", {1});
    if (size_.per_layer > 0) {
      add(block + "inp_gate.weight", {width, size_.per_layer});
      add(block + "proj.weight", {size_.per_layer, width});
      add(block + "post_norm.weight", {width});
    }
    if (size_.experts == 0) return;
    add(block + "ffn_gate_inp.weight", {width, size_.experts});
    add(block + "ffn_gate_inp.scale", {width});
    for (const char* norm : {"post_ffw_norm_1", "pre_ffw_norm_2", "post_ffw_norm_2"})
      add(block + norm + ".weight", {width});
    add(block + "ffn_gate_up_exps.weight", {width, 2 * kExpertFfn, size_.experts});
    add(block + "ffn_down_exps.weight", {kExpertFfn, width, size_.experts});
    add(block + "ffn_down_exps.scale", {size_.experts});
  }

  const Size& size_;
  bool unused_keys_;
  std::vector<Hole> holes_;
};

// What the image has comes first, then rope factors with their values; everything behind them is a hole. Vectors are kept together: a system
// that reads ahead would fill megabytes with zeros around each.
inline std::string write(const QTemporaryDir& folder, const QString& name, gguf_image::Image image,
                         std::vector<Hole> holes) {
  std::stable_partition(holes.begin(), holes.end(), [](const Hole& hole) { return hole.shape.size() == 1; });
  QByteArray factors;
  for (std::uint32_t i = 0; i < kFullDim / 2; ++i)
    factors += gguf_image::raw(i < kFullDim / 8 ? 1.0F : 1e30F);
  image.tensors.push_back({"rope_freqs.weight", {kFullDim / 2}, 0, factors});
  const auto padded = [](std::int64_t size) { return (size + 31) / 32 * 32; };
  std::int64_t end = 0;
  for (const gguf_image::Tensor& tensor : image.tensors)
    end += padded(tensor.data.size());
  const std::int64_t written = end;
  for (const Hole& hole : holes) {
    const bool vector = hole.shape.size() == 1;
    std::uint64_t bytes = vector ? 4 : 2;
    for (const std::uint64_t extent : hole.shape)
      bytes *= extent;
    image.tensors.push_back({hole.name, hole.shape, vector ? 0U : 1U, {}, end});
    end += padded(static_cast<std::int64_t>(bytes));
  }
  const QByteArray bytes = image.bytes();
  const std::string path = gguf_image::write_file(folder, name, bytes);
  QFile file(QString::fromStdString(path));
  if (!file.resize(bytes.size() - written + end)) qFatal("no sparse files here");
  return path;
}

}  // namespace published_models
