#include "tests/model/make_model.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "tests/model/random_blocks.h"
#include "tests/model/synthetic_tokenizer.h"

namespace facet::model_maker {
namespace {

static_assert(kGgufChunkBlocks % RandomBlocks::kChunkBlocks == 0, "values must not depend on the file's chunks");

// One number where all layers agree, as writers do it, otherwise one for each.
template <typename Value>
void set_per_layer(GgufMetadata& metadata, std::string_view key, const ModelShape& shape, const Value& value) {
  std::vector<std::int32_t> numbers;
  for (const LayerShape& layer : shape.layers)
    numbers.push_back(static_cast<std::int32_t>(value(layer)));
  const bool same = std::all_of(numbers.begin(), numbers.end(), [&](std::int32_t n) { return n == numbers[0]; });
  if (same) {
    metadata.set(key, static_cast<std::uint32_t>(numbers[0]));
  } else {
    metadata.set(key, std::span<const std::int32_t>(numbers));
  }
}

void add_architecture(GgufMetadata& metadata, const ModelShape& shape) {
  const auto key = [](const char* name) { return std::string("gemma4.") + name; };
  metadata.set(key("block_count"), shape.layer_count());
  metadata.set(key("context_length"), shape.context_length);
  metadata.set(key("embedding_length"), shape.embedding_length);
  set_per_layer(metadata, key("feed_forward_length"), shape, [](const LayerShape& l) { return l.ffn_width; });
  metadata.set(key("attention.head_count"), shape.heads);
  set_per_layer(metadata, key("attention.head_count_kv"), shape, [](const LayerShape& l) { return l.kv_heads; });
  for (const char* name : {"attention.key_length", "attention.value_length", "rope.dimension_count"}) {
    metadata.set(key(name), shape.head_dim_full);
    metadata.set(key(name) + "_swa", shape.head_dim_sliding);
  }
  metadata.set(key("attention.layer_norm_rms_epsilon"), 1e-6F);
  metadata.set(key("attention.sliding_window"), shape.window);
  std::vector<bool> pattern;
  for (const LayerShape& layer : shape.layers)
    pattern.push_back(layer.sliding);
  metadata.set(key("attention.sliding_window_pattern"), pattern);
  metadata.set(key("attention.shared_kv_layers"), shape.shared_kv_layers);
  metadata.set(key("rope.freq_base"), 1e6F);
  metadata.set(key("rope.freq_base_swa"), 1e4F);
  metadata.set(key("final_logit_softcapping"), 30.0F);
  metadata.set(key("embedding_length_per_layer_input"), shape.per_layer_width);
  if (shape.expert_count == 0) return;
  metadata.set(key("expert_count"), shape.expert_count);
  metadata.set(key("expert_used_count"), shape.expert_used_count);
  metadata.set(key("expert_feed_forward_length"), shape.expert_ffn_width);
}

std::string chat_template(const ModelShape& shape) {
  std::string text =
      "{{ bos_token }}{% for m in messages %}{{ '<|turn>' + ('model' if m['role'] == 'assistant' else m['role']) + "
      "'\\n' + m['content'] + '<turn|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|turn>model\\n";
  if (shape.empty_thought) text += "<|channel>thought\\n<channel|>";
  return text + "' }}{% endif %}";
}

void add_tokenizer(GgufMetadata& metadata, const ModelShape& shape) {
  const SyntheticTokenizer tokenizer = make_tokenizer(shape.vocabulary_size);
  const std::vector<float> scores(tokenizer.tokens.size(), -1000.0F);
  metadata.set("tokenizer.ggml.model", "gemma4");
  metadata.set("tokenizer.ggml.tokens", std::span<const std::string>(tokenizer.tokens));
  metadata.set("tokenizer.ggml.scores", std::span<const float>(scores));
  metadata.set("tokenizer.ggml.token_type", std::span<const std::int32_t>(tokenizer.types));
  metadata.set("tokenizer.ggml.merges", std::span<const std::string>(tokenizer.merges));
  metadata.set("tokenizer.ggml.bos_token_id", std::uint32_t{2});
  metadata.set("tokenizer.ggml.eos_token_id", std::uint32_t{1});
  metadata.set("tokenizer.ggml.unknown_token_id", std::uint32_t{3});
  metadata.set("tokenizer.ggml.padding_token_id", std::uint32_t{0});
  metadata.set("tokenizer.ggml.mask_token_id", std::uint32_t{4});
  metadata.set("tokenizer.ggml.add_bos_token", true);
  metadata.set("tokenizer.ggml.add_space_prefix", false);
  metadata.set("tokenizer.chat_template", chat_template(shape));
  if (!shape.suppresses_tokens) return;
  std::vector<std::int32_t> suppressed;
  for (const char* marker : {"<audio|>", "<image|>"}) {
    const auto found = std::find(tokenizer.tokens.begin(), tokenizer.tokens.end(), marker);
    suppressed.push_back(static_cast<std::int32_t>(found - tokenizer.tokens.begin()));
  }
  metadata.set("tokenizer.ggml.suppress_tokens", std::span<const std::int32_t>(suppressed));
}

GgufMetadata metadata_of(const ModelOrder& order) {
  GgufMetadata metadata;
  metadata.set("general.architecture", "gemma4");
  metadata.set("general.type", "model");
  metadata.set("general.name",
               "Random " + order.shape.name + " " + order.type.name + ", seed " + std::to_string(order.seed));
  metadata.set("general.file_type", order.type.number);
  metadata.set("general.quantization_version", std::uint32_t{2});
  add_architecture(metadata, order.shape);
  add_tokenizer(metadata, order.shape);
  return metadata;
}

std::vector<TensorInfo> infos_of(const std::vector<PlannedTensor>& plan) {
  std::vector<TensorInfo> infos;
  for (const PlannedTensor& tensor : plan)
    infos.push_back(tensor.info);
  return infos;
}

void copy_floats(std::span<std::byte> to, std::span<const float> values) {
  std::memcpy(to.data(), values.data(), values.size_bytes());
}

// Only the first quarter of the pairs of a full layer rotates; the others are divided by what amounts to infinity.
FillTensor rope_factors() {
  return [](std::span<std::byte> bytes) {
    std::vector<float> factors(bytes.size() / sizeof(float), 1e30F);
    std::fill_n(factors.begin(), factors.size() / 4, 1.0F);
    copy_floats(bytes, factors);
  };
}

FillTensor vector_values(const PlannedTensor& tensor, std::uint64_t seed) {
  return [&tensor, random = Random(seed, tensor.info.name)](std::span<std::byte> bytes) mutable {
    std::vector<float> values(bytes.size() / sizeof(float));
    for (float& value : values)
      value = static_cast<float>(tensor.mean + tensor.deviation * random.normal());
    copy_floats(bytes, values);
  };
}

FillTensor fill_of(const PlannedTensor& tensor, std::uint64_t seed) {
  if (tensor.info.name == "rope_freqs.weight") return rope_factors();
  if (tensor.info.shape.size() == 1) return vector_values(tensor, seed);
  const auto blocks = std::make_shared<RandomBlocks>(tensor.info.format, tensor.deviation, seed, tensor.info.name);
  return [blocks](std::span<std::byte> bytes) { blocks->fill(bytes); };
}

}  // namespace

Status make_model(const ModelOrder& order, const std::filesystem::path& path) {
  const std::vector<PlannedTensor> plan = plan_tensors(order.shape, order.type, order.variations);
  return write_gguf(path, metadata_of(order), infos_of(plan),
                    [&](std::size_t index) { return fill_of(plan[index], order.seed); });
}

std::uint64_t model_file_bytes(const ModelOrder& order) {
  return gguf_file_bytes(metadata_of(order), infos_of(plan_tensors(order.shape, order.type, order.variations)));
}

}  // namespace facet::model_maker
