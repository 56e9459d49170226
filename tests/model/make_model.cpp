#include "tests/model/make_model.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <span>

#include "tests/model/random_blocks.h"
#include "tests/model/synthetic_tokenizer.h"

namespace facet::model_maker {
namespace {

using engine::GgufMetadata;

// One number where all layers agree, as writers do it, otherwise one for each.
template <typename Value>
void set_per_layer(GgufMetadata& metadata, std::string_view key, const ModelShape& shape, const Value& value) {
  std::vector<std::int32_t> numbers;
  for (const LayerShape& layer : shape.layers)
    numbers.push_back(static_cast<std::int32_t>(value(layer)));
  const bool same = std::all_of(numbers.begin(), numbers.end(), [&](std::int32_t n) { return n == numbers[0]; });
  if (same) {
    metadata.set_u32(key, static_cast<std::uint32_t>(numbers[0]));
  } else {
    metadata.set_i32s(key, numbers);
  }
}

void add_architecture(GgufMetadata& metadata, const ModelShape& shape) {
  const auto key = [](const char* name) { return std::string("gemma4.") + name; };
  metadata.set_u32(key("block_count"), shape.layer_count());
  metadata.set_u32(key("context_length"), shape.context_length);
  metadata.set_u32(key("embedding_length"), shape.embedding_length);
  set_per_layer(metadata, key("feed_forward_length"), shape, [](const LayerShape& l) { return l.ffn_width; });
  metadata.set_u32(key("attention.head_count"), shape.heads);
  set_per_layer(metadata, key("attention.head_count_kv"), shape, [](const LayerShape& l) { return l.kv_heads; });
  for (const char* name : {"attention.key_length", "attention.value_length", "rope.dimension_count"}) {
    metadata.set_u32(key(name), shape.head_dim_full);
    metadata.set_u32(key(name) + "_swa", shape.head_dim_sliding);
  }
  metadata.set_f32(key("attention.layer_norm_rms_epsilon"), 1e-6F);
  metadata.set_u32(key("attention.sliding_window"), shape.window);
  std::vector<std::uint8_t> pattern;
  for (const LayerShape& layer : shape.layers)
    pattern.push_back(layer.sliding ? 1 : 0);
  metadata.set_bools(key("attention.sliding_window_pattern"), pattern);
  metadata.set_u32(key("attention.shared_kv_layers"), shape.shared_kv_layers);
  metadata.set_f32(key("rope.freq_base"), 1e6F);
  metadata.set_f32(key("rope.freq_base_swa"), 1e4F);
  metadata.set_f32(key("final_logit_softcapping"), 30.0F);
  metadata.set_u32(key("embedding_length_per_layer_input"), shape.per_layer_width);
  if (shape.expert_count == 0) return;
  metadata.set_u32(key("expert_count"), shape.expert_count);
  metadata.set_u32(key("expert_used_count"), shape.expert_used_count);
  metadata.set_u32(key("expert_feed_forward_length"), shape.expert_ffn_width);
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
  metadata.set_string("tokenizer.ggml.model", "gemma4");
  metadata.set_strings("tokenizer.ggml.tokens", tokenizer.tokens);
  metadata.set_f32s("tokenizer.ggml.scores", scores);
  metadata.set_i32s("tokenizer.ggml.token_type", tokenizer.types);
  metadata.set_strings("tokenizer.ggml.merges", tokenizer.merges);
  metadata.set_u32("tokenizer.ggml.bos_token_id", 2);
  metadata.set_u32("tokenizer.ggml.eos_token_id", 1);
  metadata.set_u32("tokenizer.ggml.unknown_token_id", 3);
  metadata.set_u32("tokenizer.ggml.padding_token_id", 0);
  metadata.set_u32("tokenizer.ggml.mask_token_id", 4);
  metadata.set_bool("tokenizer.ggml.add_bos_token", true);
  metadata.set_bool("tokenizer.ggml.add_space_prefix", false);
  metadata.set_string("tokenizer.chat_template", chat_template(shape));
  if (!shape.suppresses_tokens) return;
  std::vector<std::int32_t> suppressed;
  for (const char* marker : {"<audio|>", "<image|>"}) {
    const auto found = std::find(tokenizer.tokens.begin(), tokenizer.tokens.end(), marker);
    suppressed.push_back(static_cast<std::int32_t>(found - tokenizer.tokens.begin()));
  }
  metadata.set_i32s("tokenizer.ggml.suppress_tokens", suppressed);
}

// Fills the next bytes of a tensor; successive calls continue it.
using Fill = std::function<void(std::span<std::byte> bytes)>;

void copy_floats(std::span<std::byte> to, std::span<const float> values) {
  std::memcpy(to.data(), values.data(), values.size_bytes());
}

// Only the first quarter of the pairs of a full layer rotates; the others are divided by what amounts to infinity.
Fill rope_factors() {
  return [](std::span<std::byte> bytes) {
    std::vector<float> factors(bytes.size() / sizeof(float), 1e30F);
    std::fill_n(factors.begin(), factors.size() / 4, 1.0F);
    copy_floats(bytes, factors);
  };
}

Fill vector_values(const PlannedTensor& tensor, std::uint64_t seed) {
  return [&tensor, random = Random(seed, tensor.info.name)](std::span<std::byte> bytes) mutable {
    std::vector<float> values(bytes.size() / sizeof(float));
    for (float& value : values)
      value = static_cast<float>(tensor.mean + tensor.deviation * random.normal());
    copy_floats(bytes, values);
  };
}

Fill fill_of(const PlannedTensor& tensor, std::uint64_t seed) {
  if (tensor.info.name == "rope_freqs.weight") return rope_factors();
  if (tensor.is_vector()) return vector_values(tensor, seed);
  const auto blocks = std::make_shared<RandomBlocks>(tensor.info.format, tensor.deviation, seed, tensor.info.name);
  return [blocks](std::span<std::byte> bytes) { blocks->fill(bytes); };
}

Status write_tensor(engine::GgufWriter& writer, const PlannedTensor& tensor, std::uint64_t seed,
                    std::vector<std::byte>& buffer) {
  const Fill fill = fill_of(tensor, seed);
  // A multiple of what random values are made in, so that they do not depend on it.
  const std::uint64_t chunk = 16 * RandomBlocks::kChunkBlocks * engine::format_info(tensor.info.format).block_bytes;
  buffer.resize(std::max<std::size_t>(buffer.size(), chunk));
  for (std::uint64_t left = tensor.info.bytes(); left > 0;) {
    const auto bytes = std::span(buffer).first(std::min(chunk, left));
    fill(bytes);
    FACET_RETURN_IF_ERROR(writer.append(bytes));
    left -= bytes.size();
  }
  return {};
}

}  // namespace

GgufMetadata make_metadata(const ModelOrder& order) {
  GgufMetadata metadata;
  metadata.set_string("general.architecture", "gemma4");
  metadata.set_string("general.type", "model");
  metadata.set_string("general.name",
                      "Random " + order.shape.name + " " + order.type.name + ", seed " + std::to_string(order.seed));
  metadata.set_u32("general.file_type", order.type.number);
  metadata.set_u32("general.quantization_version", 2);
  add_architecture(metadata, order.shape);
  add_tokenizer(metadata, order.shape);
  return metadata;
}

Status write_random_file(const std::filesystem::path& path, const GgufMetadata& metadata,
                         const std::vector<PlannedTensor>& plan, std::uint64_t seed) {
  std::vector<engine::GgufTensorInfo> infos;
  for (const PlannedTensor& tensor : plan)
    infos.push_back(tensor.info);
  FACET_ASSIGN_OR_RETURN(const auto writer, engine::GgufWriter::create(path, metadata, std::move(infos)));
  std::vector<std::byte> buffer;
  for (const PlannedTensor& tensor : plan)
    FACET_RETURN_IF_ERROR(write_tensor(*writer, tensor, seed, buffer));
  return writer->finish();
}

Status make_model(const ModelOrder& order, const std::filesystem::path& path) {
  return write_random_file(path, make_metadata(order), plan_tensors(order.shape, order.type, order.variations),
                           order.seed);
}

}  // namespace facet::model_maker
