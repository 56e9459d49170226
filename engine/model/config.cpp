#include "engine/model/config.h"

#include <optional>

#include "engine/base/printable.h"
#include "engine/gguf/gguf_file.h"
#include "engine/model/drafter.h"
#include "engine/model/metadata_reader.h"

namespace facet::engine {
namespace {

using Range = MetadataReader::Range;

// Generous multiples of the largest released model. Two of them multiplied fit 32 bits, so that no size computed from
// them can wrap.
constexpr std::uint32_t kMaxLayers = 512;
constexpr Range kWidth{1, 65535};
constexpr Range kFfnWidth{1, 1U << 20U};
constexpr Range kHeads{1, 512};
constexpr Range kHeadDim{2, 4096};
constexpr Range kContext{1, 1U << 24U};
constexpr Range kExperts{0, 4096};

Status check_architecture(const GgufFile& file) {
  const std::string name = "'" + file.path().filename().string() + "'";
  const std::optional<std::string_view> architecture = file.string("general.architecture");
  if (!architecture)
    return Error{Error::Code::CorruptFile, name + " can not be used: 'general.architecture' is missing."};
  if (*architecture == "gemma4") return {};
  if (is_drafter(file))
    return Error{Error::Code::Unsupported,
                 name +
                     " is a drafter: it makes a Gemma 4 model answer faster and gives no answers by itself; open "
                     "the model it belongs to."};
  if (*architecture == "clip")
    return Error{Error::Code::Unsupported,
                 name + " is a projector for pictures and sound; open the model it belongs to."};
  return Error{Error::Code::Unsupported, "This is a " + printable(*architecture) + " model; Facet runs Gemma 4 only."};
}

// A head size must be given for keys and may be repeated for values, with the same number, and for RoPE, which leaves
// dimensions alone through its frequencies and not through a smaller count.
Result<std::uint32_t> read_head_dim(const MetadataReader& metadata, const std::string& suffix,
                                    std::optional<std::uint32_t> fallback) {
  FACET_ASSIGN_OR_RETURN(const std::uint32_t head_dim,
                         metadata.integer("attention.key_length" + suffix, kHeadDim, fallback));
  if (head_dim % 2 != 0) return metadata.refuse("attention.key_length" + suffix, "is odd");
  for (const std::string& name : {"attention.value_length" + suffix, "rope.dimension_count" + suffix}) {
    FACET_ASSIGN_OR_RETURN(const std::uint32_t twin, metadata.integer(name, {0, UINT32_MAX}, head_dim));
    if (twin != head_dim)
      return metadata.refuse(name, "is " + std::to_string(twin) + " where the key length is " +
                                       std::to_string(head_dim) + "; Facet knows no model of that kind");
  }
  return head_dim;
}

Status read_attention(const MetadataReader& metadata, std::vector<LayerConfig>& layers) {
  const auto count = static_cast<std::uint32_t>(layers.size());
  FACET_ASSIGN_OR_RETURN(const auto pattern, metadata.integers("attention.sliding_window_pattern", {0, 1}, count));
  FACET_ASSIGN_OR_RETURN(const auto heads, metadata.integers("attention.head_count", kHeads, count));
  FACET_ASSIGN_OR_RETURN(const auto kv_heads, metadata.integers("attention.head_count_kv", kHeads, count));
  FACET_ASSIGN_OR_RETURN(const std::uint32_t full_dim, read_head_dim(metadata, "", std::nullopt));
  FACET_ASSIGN_OR_RETURN(const std::uint32_t sliding_dim, read_head_dim(metadata, "_swa", full_dim));
  std::uint32_t window = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    LayerConfig& layer = layers[i];
    if (pattern[i] == 1 && window == 0) {
      FACET_ASSIGN_OR_RETURN(window, metadata.integer("attention.sliding_window", kContext));
    }
    layer.window = pattern[i] == 1 ? window : 0;
    layer.head_dim = pattern[i] == 1 ? sliding_dim : full_dim;
    layer.heads = heads[i];
    layer.kv_heads = kv_heads[i];
    if (layer.heads % layer.kv_heads != 0)
      return metadata.refuse("attention.head_count_kv", "has " + std::to_string(layer.kv_heads) + " heads in layer " +
                                                            std::to_string(i) + ", which do not divide its " +
                                                            std::to_string(layer.heads) + " query heads");
  }
  return {};
}

// The last layers may have no keys and values of their own and read those of the last layer of their kind that has.
Status read_kv_sharing(const MetadataReader& metadata, std::vector<LayerConfig>& layers) {
  const auto count = static_cast<std::uint32_t>(layers.size());
  FACET_ASSIGN_OR_RETURN(const std::uint32_t shared, metadata.integer("attention.shared_kv_layers", {0, count - 1}, 0));
  const std::uint32_t owners = count - shared;
  for (std::uint32_t i = 0; i < count; ++i)
    layers[i].kv_source = i;
  for (std::uint32_t i = owners; i < count; ++i) {
    std::uint32_t source = owners;
    while (source > 0 && layers[source - 1].sliding() != layers[i].sliding())
      --source;
    if (source == 0)
      return metadata.refuse("attention.shared_kv_layers",
                             "leaves layer " + std::to_string(i) + " without an earlier layer of its kind");
    layers[i].kv_source = source - 1;
    if (layers[source - 1].kv_heads != layers[i].kv_heads)
      return metadata.refuse("attention.head_count_kv", "differs between layer " + std::to_string(i) + " and layer " +
                                                            std::to_string(source - 1) + ", whose keys it shares");
  }
  return {};
}

Status read_experts(const MetadataReader& metadata, ModelConfig& config) {
  FACET_ASSIGN_OR_RETURN(config.expert_count, metadata.integer("expert_count", kExperts, 0));
  if (config.expert_count == 0) return {};
  FACET_ASSIGN_OR_RETURN(config.expert_used_count, metadata.integer("expert_used_count", {1, config.expert_count}));
  FACET_ASSIGN_OR_RETURN(config.expert_ffn_width, metadata.integer("expert_feed_forward_length", kFfnWidth));
  return {};
}

// The vocabulary is as long as the embedding table: the tokenizer checks its own list against it.
Status read_vocabulary_size(const GgufFile& file, ModelConfig& config) {
  const GgufTensor* table = file.find("token_embd.weight");
  if (table == nullptr)
    return Error{Error::Code::CorruptFile,
                 "'" + file.path().filename().string() + "' can not be used: it has no tensor 'token_embd.weight'."};
  constexpr std::uint64_t kMaxVocabulary = 1U << 22U;
  if (table->shape[1] > kMaxVocabulary)
    return Error{Error::Code::CorruptFile, "'" + file.path().filename().string() +
                                               "' can not be used: 'token_embd.weight' has " +
                                               std::to_string(table->shape[1]) + " rows; at most " +
                                               std::to_string(kMaxVocabulary) + " are allowed."};
  config.vocabulary_size = static_cast<std::uint32_t>(table->shape[1]);
  return {};
}

}  // namespace

std::uint32_t ModelConfig::last_kv_owner() const {
  std::uint32_t last = 0;
  for (std::uint32_t i = 0; i < layer_count(); ++i)
    if (owns_kv(i)) last = i;
  return last;
}

Result<ModelConfig> read_config(const GgufFile& file) {
  FACET_RETURN_IF_ERROR(check_architecture(file));
  const MetadataReader metadata(file, "gemma4");
  ModelConfig config;
  FACET_ASSIGN_OR_RETURN(const std::uint32_t layers, metadata.integer("block_count", {1, kMaxLayers}));
  config.layers.resize(layers);
  FACET_ASSIGN_OR_RETURN(config.embedding_length, metadata.integer("embedding_length", kWidth));
  FACET_ASSIGN_OR_RETURN(config.trained_context_length, metadata.integer("context_length", kContext));
  FACET_RETURN_IF_ERROR(read_vocabulary_size(file, config));
  FACET_RETURN_IF_ERROR(read_attention(metadata, config.layers));
  FACET_RETURN_IF_ERROR(read_kv_sharing(metadata, config.layers));
  FACET_ASSIGN_OR_RETURN(const auto ffn_widths, metadata.integers("feed_forward_length", kFfnWidth, layers));
  for (std::uint32_t i = 0; i < layers; ++i)
    config.layers[i].ffn_width = ffn_widths[i];
  FACET_ASSIGN_OR_RETURN(config.per_layer_width, metadata.integer("embedding_length_per_layer_input", {0, 4096}, 0));
  FACET_RETURN_IF_ERROR(read_experts(metadata, config));

  FACET_ASSIGN_OR_RETURN(const double eps, metadata.number("attention.layer_norm_rms_epsilon", 1e-12, 1, 1e-6));
  FACET_ASSIGN_OR_RETURN(const double softcap, metadata.number("final_logit_softcapping", 0, 1e6, 30));
  if (softcap > 0 && softcap < 0.01)
    return metadata.refuse("final_logit_softcapping", "is too small to leave a choice");
  FACET_ASSIGN_OR_RETURN(config.rope_base, metadata.number("rope.freq_base", 1, 1e12, 1e6));
  FACET_ASSIGN_OR_RETURN(config.rope_base_sliding, metadata.number("rope.freq_base_swa", 1, 1e12, 1e4));
  config.rms_eps = static_cast<float>(eps);
  config.logit_softcap = static_cast<float>(softcap);
  return config;
}

}  // namespace facet::engine
