#include "app/models/text_config.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/models/json_file.h"

namespace facet::app::models {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{16} << 20U;
constexpr std::uint32_t kMaxLayers = 512;
constexpr std::uint32_t kMaxNumber = 1U << 24U;

// Reads the numbers of one object; the first that is missing or can not be becomes the error.
class ConfigReader {
 public:
  ConfigReader(const fs::path& path, const Json& object) : name_(path.string()), object_(object) {}

  const Json& object() const { return object_; }

  Error refuse(const std::string& what) const {
    return {Error::Code::CorruptFile, "'" + name_ + "' can not be used: " + what + "."};
  }
  Error unsupported(const std::string& what) const {
    return {Error::Code::Unsupported, "'" + name_ + "' can not be used: " + what + "."};
  }

  std::uint32_t integer(std::string_view key, std::optional<std::uint32_t> fallback = {}) {
    if (const auto value = integer_of(object_, key); value && *value <= kMaxNumber) return *value;
    if (fallback && member(object_, key) == nullptr) return *fallback;
    note(key, "a whole number up to " + std::to_string(kMaxNumber));
    return 0;
  }
  double number(std::string_view key, double fallback) {
    if (const auto value = number_of(object_, key)) return *value;
    if (member(object_, key) != nullptr) note(key, "a number");
    return fallback;
  }
  bool boolean(std::string_view key, bool fallback) {
    if (const auto value = boolean_of(object_, key)) return *value;
    if (member(object_, key) != nullptr) note(key, "true or false");
    return fallback;
  }

  Status status() const { return error_ ? Status(*error_) : Status(); }

 private:
  void note(std::string_view key, const std::string& expected) {
    if (error_) return;
    const std::string subject = "'" + std::string(key) + "' ";
    error_ = refuse(subject + (member(object_, key) == nullptr ? "is missing" : "is not " + expected));
  }

  std::string name_;
  const Json& object_;
  std::optional<Error> error_;
};

// The names that the family's classes have, without the end that says what they are for.
bool is_gemma4(const std::string& name) {
  return name.starts_with("Gemma4For") || name.starts_with("Gemma4UnifiedFor") || name == "gemma4" ||
         name == "gemma4_text" || name == "gemma4_unified" || name == "gemma4_unified_text";
}

Status check_architecture(const Json& config, const ConfigReader& reader) {
  std::string name = string_of(config, "model_type").value_or("");
  if (const Json* list = member(config, "architectures"); list != nullptr && list->is_array() && !list->empty())
    if (list->front().is_string()) name = list->front().get<std::string>();
  if (is_gemma4(name)) return {};
  if (name.starts_with("Gemma4") && name.find("Assistant") != std::string::npos)
    return reader.unsupported(
        "it describes a drafter, which makes a Gemma 4 model answer faster and gives no answers by itself");
  if (name.empty()) return reader.refuse("it does not say what model it describes");
  return Error{Error::Code::Unsupported,
               "This is a model of the kind '" + printable(name) + "'; Facet runs Gemma 4 only."};
}

// Which layers slide: as listed, or all but every sixth. The last one never does.
Result<std::vector<bool>> sliding_layers(ConfigReader& reader, std::uint32_t count) {
  std::vector<bool> sliding(count);
  const Json* types = member(reader.object(), "layer_types");
  for (std::uint32_t i = 0; i < count; ++i)
    sliding[i] = (i + 1) % 6 != 0;
  if (types != nullptr) {
    if (!types->is_array() || types->size() != count)
      return reader.refuse("'layer_types' does not list " + std::to_string(count) + " layers");
    for (std::uint32_t i = 0; i < count; ++i) {
      const Json& type = (*types)[i];
      if (type != "sliding_attention" && type != "full_attention")
        return reader.unsupported("'layer_types' has a kind of layer that Facet does not know");
      sliding[i] = type == "sliding_attention";
    }
  }
  sliding[count - 1] = false;
  return sliding;
}

Status read_rope(const ConfigReader& reader, TextConfig& config) {
  config.rope_base = 1e6;
  config.rope_base_sliding = 1e4;
  config.rotated_part = 0.25;
  const Json* parameters = member(reader.object(), "rope_parameters");
  if (parameters == nullptr) return {};
  if (const Json* full = member(*parameters, "full_attention")) {
    if (string_of(*full, "rope_type").value_or("proportional") != "proportional")
      return reader.unsupported("its full layers use a kind of RoPE that Facet does not know");
    config.rope_base = number_of(*full, "rope_theta").value_or(config.rope_base);
    config.rotated_part = number_of(*full, "partial_rotary_factor").value_or(config.rotated_part);
  }
  if (const Json* sliding = member(*parameters, "sliding_attention")) {
    if (string_of(*sliding, "rope_type").value_or("default") != "default" ||
        number_of(*sliding, "partial_rotary_factor").value_or(1.0) != 1.0)
      return reader.unsupported("its sliding layers use a kind of RoPE that Facet does not know");
    config.rope_base_sliding = number_of(*sliding, "rope_theta").value_or(config.rope_base_sliding);
  }
  if (!(config.rotated_part > 0 && config.rotated_part <= 1))
    return reader.refuse("'partial_rotary_factor' is not between 0 and 1");
  return {};
}

// The length of a tensor of the first full layer in its first dimension; nothing when there is no such tensor.
std::optional<std::uint32_t> rows_in_full_layer(const Checkpoint& checkpoint, std::string_view prefix,
                                                const std::vector<bool>& sliding, std::string_view name) {
  const auto full = std::find(sliding.begin(), sliding.end(), false) - sliding.begin();
  const SafeTensor* tensor =
      checkpoint.find(std::string(prefix) + "layers." + std::to_string(full) + "." + std::string(name));
  if (tensor == nullptr || tensor->shape.empty() || tensor->shape[0] > kMaxNumber) return std::nullopt;
  return static_cast<std::uint32_t>(tensor->shape[0]);
}

Status read_layers(ConfigReader& reader, std::string_view prefix, const Checkpoint& checkpoint, TextConfig& config) {
  const std::uint32_t count = reader.integer("num_hidden_layers");
  FACET_RETURN_IF_ERROR(reader.status());
  if (count < 1 || count > kMaxLayers)
    return reader.refuse("'num_hidden_layers' is " + std::to_string(count) + "; 1 to " + std::to_string(kMaxLayers) +
                         " are allowed");
  FACET_ASSIGN_OR_RETURN(const std::vector<bool> sliding, sliding_layers(reader, count));
  config.shared_layers = reader.integer("num_kv_shared_layers", 0);
  if (config.shared_layers >= count) return reader.refuse("'num_kv_shared_layers' leaves no layer with keys");
  config.sliding_head_dim = reader.integer("head_dim", 256);
  // Newer files leave out what differs in full layers where the weights tell it.
  config.full_head_dim = reader.integer(
      "global_head_dim", rows_in_full_layer(checkpoint, prefix, sliding, "self_attn.q_norm.weight").value_or(512));
  config.values_are_keys = reader.boolean("attention_k_eq_v", false);
  const std::uint32_t kv_heads = reader.integer("num_key_value_heads");
  std::uint32_t kv_heads_full = kv_heads;
  // A number for full layers counts only where their keys serve as values.
  if (config.values_are_keys) {
    const auto rows = rows_in_full_layer(checkpoint, prefix, sliding, "self_attn.k_proj.weight");
    const std::uint32_t dim = std::max(config.full_head_dim, 1U);
    kv_heads_full = reader.integer("num_global_key_value_heads", rows ? *rows / dim : kv_heads);
  }
  const std::uint32_t ffn_width = reader.integer("intermediate_size");
  const bool wide = reader.boolean("use_double_wide_mlp", false);
  for (std::uint32_t i = 0; i < count; ++i) {
    const bool is_wide = wide && i >= count - config.shared_layers;
    config.layers.push_back({sliding[i], sliding[i] ? kv_heads : kv_heads_full, is_wide ? 2 * ffn_width : ffn_width});
  }
  return reader.status();
}

Status read_experts(ConfigReader& reader, TextConfig& config) {
  if (!reader.boolean("enable_moe_block", false)) return reader.status();
  config.expert_count = reader.integer("num_experts");
  config.experts_used = reader.integer("top_k_experts");
  config.expert_ffn_width = reader.integer("moe_intermediate_size");
  return reader.status();
}

Status refuse_other_kinds(ConfigReader& reader) {
  if (string_of(reader.object(), "use_bidirectional_attention") == "all")
    return reader.unsupported("it describes an encoder, which gives no answers");
  const std::string activation = string_of(reader.object(), "hidden_activation").value_or("gelu_pytorch_tanh");
  if (activation != "gelu_pytorch_tanh")
    return reader.unsupported("it uses the activation '" + printable(activation) + "', which no Gemma 4 model does");
  if (reader.boolean("attention_bias", false)) return reader.unsupported("its attention has biases");
  return reader.status();
}

std::vector<std::int32_t> of_layers(const TextConfig& config, std::uint32_t TextConfig::Layer::*field) {
  std::vector<std::int32_t> values;
  for (const TextConfig::Layer& layer : config.layers)
    values.push_back(static_cast<std::int32_t>(layer.*field));
  return values;
}

// One number where all layers have the same, which older readers expect.
void put_per_layer(const std::string& key, const std::vector<std::int32_t>& values, engine::GgufMetadata& metadata) {
  if (std::all_of(values.begin(), values.end(), [&](std::int32_t value) { return value == values.front(); }))
    metadata.set_u32(key, static_cast<std::uint32_t>(values.front()));
  else
    metadata.set_i32s(key, values);
}

}  // namespace

Result<TextConfig> read_text_config(const fs::path& folder, std::string_view text_prefix,
                                    const Checkpoint& checkpoint) {
  const fs::path path = folder / "config.json";
  FACET_ASSIGN_OR_RETURN(const Json json, read_json_file(path, kMaxConfigBytes));
  const Json* text = member(json, "text_config");
  ConfigReader reader(path, text != nullptr ? *text : json);
  FACET_RETURN_IF_ERROR(check_architecture(json, reader));
  FACET_RETURN_IF_ERROR(refuse_other_kinds(reader));

  TextConfig config;
  FACET_RETURN_IF_ERROR(read_layers(reader, text_prefix, checkpoint, config));
  config.width = reader.integer("hidden_size");
  config.heads = reader.integer("num_attention_heads");
  config.window = reader.integer("sliding_window", 512);
  config.context = reader.integer("max_position_embeddings", 131072);
  const bool has_table = checkpoint.find(std::string(text_prefix) + "embed_tokens_per_layer.weight") != nullptr;
  config.per_layer_width = reader.integer("hidden_size_per_layer_input", has_table ? 256 : 0);
  config.rms_eps = reader.number("rms_norm_eps", 1e-6);
  config.softcap = reader.number("final_logit_softcapping", 0);
  config.separate_head = !boolean_of(json, "tie_word_embeddings").value_or(reader.boolean("tie_word_embeddings", true));
  FACET_RETURN_IF_ERROR(read_experts(reader, config));
  FACET_RETURN_IF_ERROR(read_rope(reader, config));
  FACET_RETURN_IF_ERROR(reader.status());
  return config;
}

void put_config(const TextConfig& config, engine::GgufMetadata& metadata) {
  const auto key = [](const char* name) { return std::string("gemma4.") + name; };
  metadata.set_u32(key("block_count"), static_cast<std::uint32_t>(config.layers.size()));
  metadata.set_u32(key("context_length"), config.context);
  metadata.set_u32(key("embedding_length"), config.width);
  put_per_layer(key("feed_forward_length"), of_layers(config, &TextConfig::Layer::ffn_width), metadata);
  metadata.set_u32(key("attention.head_count"), config.heads);
  put_per_layer(key("attention.head_count_kv"), of_layers(config, &TextConfig::Layer::kv_heads), metadata);
  metadata.set_f32(key("rope.freq_base"), static_cast<float>(config.rope_base));
  metadata.set_f32(key("rope.freq_base_swa"), static_cast<float>(config.rope_base_sliding));
  metadata.set_f32(key("attention.layer_norm_rms_epsilon"), static_cast<float>(config.rms_eps));
  for (const char* name : {"attention.key_length", "attention.value_length", "rope.dimension_count"}) {
    metadata.set_u32(key(name), config.full_head_dim);
    metadata.set_u32(key(name) + "_swa", config.sliding_head_dim);
  }
  metadata.set_f32(key("final_logit_softcapping"), static_cast<float>(config.softcap));
  metadata.set_u32(key("attention.sliding_window"), config.window);
  metadata.set_u32(key("attention.shared_kv_layers"), config.shared_layers);
  metadata.set_u32(key("embedding_length_per_layer_input"), config.per_layer_width);
  std::vector<std::uint8_t> sliding;
  for (const TextConfig::Layer& layer : config.layers)
    sliding.push_back(layer.sliding ? 1 : 0);
  metadata.set_bools(key("attention.sliding_window_pattern"), sliding);
  if (config.expert_count == 0) return;
  metadata.set_u32(key("expert_count"), config.expert_count);
  metadata.set_u32(key("expert_used_count"), config.experts_used);
  metadata.set_u32(key("expert_feed_forward_length"), config.expert_ffn_width);
}

}  // namespace facet::app::models
