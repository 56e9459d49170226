#include <cstring>

#include "container.h"

namespace fuzz {
namespace {

constexpr std::uint64_t kWidth = 4;  // of everything inside, and of the models of sound_model
constexpr std::uint64_t kFfn = 8;
constexpr std::uint64_t kOutput = 6;

class Builder {
 public:
  explicit Builder(Container container, bool inside) : container_(std::move(container)), inside_(inside) {}

  Container build(bool hears_with_encoder) {
    if (!inside_) text("general.architecture", "clip");
    put_vision();
    hears_with_encoder ? put_hearing() : put_plain_hearing();
    return std::move(container_);
  }

 private:
  template <typename T>
  static std::string raw(T value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void text(const std::string& key, const std::string& value) {
    container_.entries.push_back({key, kString, false, {value}});
  }
  void number(const std::string& key, std::uint32_t value) {
    container_.entries.push_back({(inside_ ? "gemma4." : "clip.") + key, kU32, false, {raw(value)}});
  }

  void put_tower(const std::string& tower, const char* kind) {
    if (!inside_) {
      text("clip." + tower + ".projector_type", kind);
      number(tower + ".projection_dim", kWidth);
      container_.entries.push_back({"clip.has_" + tower + "_encoder", kBool, false, {std::string(1, '\1')}});
    }
    number(tower + ".embedding_length", kWidth);
    number(tower + ".feed_forward_length", kFfn);
    number(tower + ".block_count", 1);
    number(tower + ".attention.head_count", 1);
  }

  void put_vision() {
    put_tower("vision", "gemma4v");
    container_.entries.push_back({"clip.vision.image_mean", kF32, true, {raw(0.0F), raw(0.0F), raw(0.0F)}});
    add("v.patch_embd.weight", {16, 16, 3, kWidth});
    add("v.position_embd.weight", {kWidth, 3, 2});
    for (const char* norm : {"ln1", "ln2", "attn_post_norm", "ffn_post_norm", "attn_q_norm", "attn_k_norm"})
      add(std::string("v.blk.0.") + norm + ".weight", {kWidth});
    for (const char* matrix : {"attn_q", "attn_k", "attn_v", "attn_out"})
      add(std::string("v.blk.0.") + matrix + ".weight", {kWidth, kWidth});
    add("v.blk.0.ffn_gate.weight", {kWidth, kFfn});
    add("v.blk.0.ffn_up.weight", {kWidth, kFfn});
    add("v.blk.0.ffn_down.weight", {kFfn, kWidth});
    if (inside_) add("v.clamp_data", {32});
    add("v.std_bias", {kWidth});
    add("v.std_scale", {kWidth});
    add("mm.input_projection.weight", {kWidth, kWidth});
    add("mm.input_projection.input_max", {1});
  }

  void put_hearing() {
    put_tower("audio", "gemma4a");
    add("a.conv1d.0.weight", {3, 3, 1, 2});
    add("a.conv1d.0.norm.weight", {2});
    add("a.conv1d.1.weight", {3, 3, 2, 1});
    add("a.conv1d.1.norm.weight", {1});
    add(inside_ ? "a.pre_encode.out.weight" : "a.input_projection.weight", {32, kWidth});
    add(inside_ ? "mm.a.fc.weight" : "a.pre_encode.out.weight", {kWidth, kOutput});
    add(inside_ ? "mm.a.fc.bias" : "a.pre_encode.out.bias", {kOutput});
    const std::string block = "a.blk.0.";
    for (const char* norm : {"ffn_norm", "ffn_post_norm", "ffn_norm_1", "ffn_post_norm_1", "conv_norm", "norm_conv",
                             "ln2", inside_ ? "ln1" : "attn_pre_norm", inside_ ? "layer_pre_norm" : "attn_post_norm"})
      add(block + norm + ".weight", {kWidth});
    for (const char* matrix :
         {"attn_q", "attn_k", "attn_v", "attn_out", "conv_pw2", inside_ ? "linear_pos" : "attn_k_rel"})
      add(block + matrix + ".weight", {kWidth, kWidth});
    for (const char* suffix : {".weight", "_1.weight"}) {
      add(block + "ffn_up" + suffix, {kWidth, kFfn});
      add(block + "ffn_down" + suffix, {kFfn, kWidth});
    }
    add(block + "conv_pw1.weight", {kWidth, 2 * kWidth});
    add(block + "conv_pw1.output_min", {1});
    add(block + "conv_dw.weight", {5, kWidth});
    add(block + "per_dim_scale.weight", {kWidth});
    add("mm.a.input_projection.weight", {kOutput, kWidth});
  }

  void put_plain_hearing() {
    if (!inside_) {
      text("clip.audio.projector_type", "gemma4ua");
      number("audio.projection_dim", kWidth);
    }
    add("mm.a.input_projection.weight", {640, kWidth});
  }

  void add(const std::string& name, const std::vector<std::uint64_t>& shape) {
    std::uint64_t bytes = 4;
    for (const std::uint64_t extent : shape)
      bytes *= extent;
    std::string data(bytes, '\0');
    for (std::size_t at = 0; at < data.size(); at += 4)
      std::memcpy(data.data() + at, "\0\0\x80\x3f", 4);
    container_.tensors.push_back({name, shape, 0, data});
  }

  Container container_;
  bool inside_;
};

// One of the models that can have a projector inside: not a drafter.
Container model(Random& random) {
  for (;;) {
    Container container = sound_model(random);
    for (const Entry& entry : container.entries)
      if (entry.key == "general.architecture" && entry.elements.front() == "gemma4") return container;
  }
}

}  // namespace

Container sound_projector(Random& random) {
  const bool inside = random() % 2 == 0;
  const bool hears_with_encoder = random() % 4 != 0;
  return Builder(inside ? model(random) : Container(), inside).build(hears_with_encoder);
}

}  // namespace fuzz
