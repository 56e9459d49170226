#include <cstring>

#include "container.h"
#include "engine/text/marker_names.h"

namespace fuzz {

namespace {

template <typename T>
std::string raw(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(T));
}

struct Shape {
  std::string architecture = "gemma4";
  std::uint32_t width = 4;
  std::uint32_t head_dim = 4;
  std::uint32_t ffn = 4;
  std::uint32_t per_layer = 0;
  std::uint32_t experts = 0;
  std::uint32_t layers = 3;
  std::uint32_t shared = 0;
};

class Builder {
 public:
  Builder(const Shape& shape, Random& random) : shape_(shape), random_(random) {}

  Container build() {
    put_tokenizer();
    shape_.architecture == "gemma4" ? put_model() : put_drafter();
    return container_;
  }

 private:
  void text(const std::string& key, const std::string& value) {
    container_.entries.push_back({key, kString, false, {value}});
  }
  void number(const std::string& key, std::uint32_t value) {
    container_.entries.push_back({shape_.architecture + "." + key, kU32, false, {raw(value)}});
  }

  void put_tokenizer() {
    Entry tokens{"tokenizer.ggml.tokens", kString, true, {}};
    for (const std::string_view marker : facet::engine::kTextMarkers)
      tokens.elements.emplace_back(marker);
    constexpr char kDigits[] = "0123456789ABCDEF";
    for (int byte = 0; byte < 256; ++byte)
      tokens.elements.push_back(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">");
    for (const char* token : {"a", "b", "c", "ab", "abc", "\xE2\x96\x81",
                              "\xE2\x96\x81"
                              "a",
                              "\n", "\n\n", "<unused1>", "\xC3\xA9"})
      tokens.elements.emplace_back(token);
    vocabulary_ = static_cast<std::uint32_t>(tokens.elements.size());
    Entry types{"tokenizer.ggml.token_type", kI32, true, {}};
    for (std::uint32_t id = 0; id < vocabulary_; ++id)
      types.elements.push_back(raw<std::int32_t>(id < 14 ? 3 : id < 270 ? 6 : 1));
    container_.entries.push_back(tokens);
    container_.entries.push_back(types);
    container_.entries.push_back({"tokenizer.ggml.merges", kString, true, {"a b", "ab c", "\xE2\x96\x81 a", "\n \n"}});
    container_.entries.push_back({"tokenizer.ggml.suppress_tokens", kI32, true, {raw<std::int32_t>(2)}});
    container_.entries.push_back({"tokenizer.ggml.eos_token_id", kU32, false, {raw<std::uint32_t>(1)}});
    text("tokenizer.ggml.model", "gemma4");
    text("tokenizer.chat_template", "{{ bos_token }}");
    text("general.name", "Fuzzed");
    container_.entries.push_back({"general.sampling.temp", kF32, false, {raw(1.0F)}});
  }

  void put_model() {
    text("general.architecture", "gemma4");
    number("block_count", shape_.layers);
    number("context_length", 64);
    number("embedding_length", shape_.width);
    number("feed_forward_length", shape_.ffn);
    number("attention.head_count", 2);
    number("attention.head_count_kv", 1);
    number("attention.key_length", shape_.head_dim);
    number("attention.sliding_window", 4);
    number("attention.shared_kv_layers", shape_.shared);
    number("embedding_length_per_layer_input", shape_.per_layer);
    container_.entries.push_back({"gemma4.final_logit_softcapping", kF32, false, {raw(30.0F)}});
    Entry pattern{"gemma4.attention.sliding_window_pattern", kBool, true, {}};
    for (std::uint32_t i = 0; i < shape_.layers; ++i)
      pattern.elements.push_back(std::string(1, i + 1 < shape_.layers - shape_.shared ? '\1' : '\0'));
    container_.entries.push_back(pattern);
    if (shape_.experts > 0) {
      number("expert_count", shape_.experts);
      number("expert_used_count", 2);
      number("expert_feed_forward_length", shape_.ffn);
    }
    add("token_embd.weight", {shape_.width, vocabulary_});
    add("output_norm.weight", {shape_.width});
    add("rope_freqs.weight", {shape_.head_dim / 2});
    if (shape_.per_layer > 0) {
      add("per_layer_token_embd.weight", {shape_.per_layer * shape_.layers, vocabulary_});
      add("per_layer_model_proj.weight", {shape_.width, shape_.per_layer * shape_.layers});
      add("per_layer_proj_norm.weight", {shape_.per_layer});
    }
    for (std::uint32_t i = 0; i < shape_.layers; ++i)
      put_layer(i);
  }

  void put_layer(std::uint32_t index) {
    const std::uint64_t width = shape_.width;
    const std::uint64_t dim = shape_.head_dim;
    const std::string block = "blk." + std::to_string(index) + ".";
    for (const char* norm : {"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"})
      add(block + norm + ".weight", {width});
    add(block + "attn_q.weight", {width, 2 * dim});
    add(block + "attn_q_norm.weight", {dim});
    if (index < shape_.layers - shape_.shared) {
      add(block + "attn_k.weight", {width, dim});
      add(block + "attn_k_norm.weight", {dim});
      add(block + "attn_v.weight", {width, dim});
    }
    add(block + "attn_output.weight", {2 * dim, width});
    add(block + "ffn_gate.weight", {width, shape_.ffn});
    add(block + "ffn_up.weight", {width, shape_.ffn});
    add(block + "ffn_down.weight", {shape_.ffn, width});
    add(block + "layer_output_scale.weight", {1});
    if (shape_.per_layer > 0) {
      add(block + "inp_gate.weight", {width, shape_.per_layer});
      add(block + "proj.weight", {shape_.per_layer, width});
      add(block + "post_norm.weight", {width});
    }
    if (shape_.experts > 0) put_experts(block);
  }

  void put_experts(const std::string& block) {
    const std::uint64_t width = shape_.width;
    add(block + "ffn_gate_inp.weight", {width, shape_.experts});
    add(block + "ffn_gate_inp.scale", {width});
    for (const char* norm : {"post_ffw_norm_1", "pre_ffw_norm_2", "post_ffw_norm_2"})
      add(block + norm + ".weight", {width});
    if (random_() % 2 == 0) {
      add(block + "ffn_gate_up_exps.weight", {width, 2 * shape_.ffn, shape_.experts});
    } else {
      add(block + "ffn_gate_exps.weight", {width, shape_.ffn, shape_.experts});
      add(block + "ffn_up_exps.weight", {width, shape_.ffn, shape_.experts});
    }
    add(block + "ffn_down_exps.weight", {shape_.ffn, width, shape_.experts});
    add(block + "ffn_down_exps.scale", {shape_.experts});
  }

  void put_drafter() {
    text("general.architecture", shape_.architecture);
    number("block_count", shape_.layers);
    number("embedding_length", shape_.width);
    number("embedding_length_out", 12);
    add("token_embd.weight", {shape_.width, vocabulary_});
    add("output_norm.weight", {shape_.width});
    add("nextn.pre_projection.weight", {24, shape_.width});
    add("nextn.post_projection.weight", {shape_.width, 12});
    for (std::uint32_t i = 0; i < shape_.layers; ++i)
      put_layer(i);
  }

  void add(const std::string& name, const std::vector<std::uint64_t>& shape) {
    std::uint64_t bytes = 4;
    for (const std::uint64_t extent : shape)
      bytes *= extent;
    std::string data(bytes, '\0');
    // Ones, so that norms and factors are fine.
    for (std::size_t at = 0; at < data.size(); at += 4)
      std::memcpy(data.data() + at, "\0\0\x80\x3f", 4);
    container_.tensors.push_back({name, shape, 0, data});
  }

  Shape shape_;
  Random& random_;
  Container container_;
  std::uint32_t vocabulary_ = 0;
};

}  // namespace

Container sound_model(Random& random) {
  Shape shape;
  switch (random() % 4) {
    case 0:
      shape.per_layer = 2;
      shape.layers = 4;
      shape.shared = 1;
      break;
    case 1:
      shape.experts = 3;
      shape.layers = 2;
      break;
    case 2:
      shape.architecture = "gemma4-assistant";
      break;
    default:
      break;
  }
  return Builder(shape, random).build();
}

}  // namespace fuzz
