#include "engine/model/drafter.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

#include "engine/gguf/gguf_file.h"
#include "engine/model/describe.h"
#include "engine/model/metadata_reader.h"
#include "engine/model/tensor_rules.h"

namespace facet::engine {
namespace {

constexpr std::array<std::string_view, 3> kArchitectures = {"gemma4-assistant", "gemma4_assistant", "gemma4_mtp"};

using Names = std::initializer_list<const char*>;
using Shape = std::array<std::uint64_t, 4>;

Error refuse(const GgufFile& file, const std::string& what) {
  return {Error::Code::CorruptFile, "'" + file.path().filename().string() + "' can not be used: " + what + "."};
}

// The tensor under the first of its names; the error speaks of that.
Result<const GgufTensor*> find_tensor(const GgufFile& file, Names names) {
  for (const char* name : names)
    if (const GgufTensor* tensor = file.find(name)) return tensor;
  return refuse(file, "it has no tensor '" + std::string(*names.begin()) + "'");
}

Status expect_shape(const GgufFile& file, const GgufTensor& tensor, const Shape& shape) {
  if (tensor.shape == shape) return {};
  return refuse(file, "the tensor '" + std::string(tensor.name) + "' is " + std::to_string(tensor.shape[0]) + " x " +
                          std::to_string(tensor.shape[1]) + " where its metadata asks for " + std::to_string(shape[0]) +
                          " x " + std::to_string(shape[1]));
}

Result<std::uint32_t> target_width(const GgufFile& file, const MetadataReader& metadata) {
  constexpr MetadataReader::Range kWidth{1, 65535};
  for (const char* key : {"embedding_length_out", "backbone_embedding_length", "n_embd_backbone"})
    if (metadata.has(key)) return metadata.integer(key, kWidth);
  return refuse(file, "its metadata does not say how wide the model is that it works for");
}

// What every layer has, whatever the dialect. Matrices of the attention differ with the kind of the layer.
Status check_layer(const GgufFile& file, std::uint32_t index, std::uint64_t width) {
  for (const char* name : {"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"}) {
    const std::string full = layer_tensor_name(index, std::string(name) + ".weight");
    FACET_ASSIGN_OR_RETURN(const GgufTensor* norm, find_tensor(file, {full.c_str()}));
    FACET_RETURN_IF_ERROR(expect_shape(file, *norm, {width, 1, 1, 1}));
  }
  for (const char* name : {"attn_q", "attn_q_norm", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
    const std::string full = layer_tensor_name(index, std::string(name) + ".weight");
    FACET_ASSIGN_OR_RETURN(const GgufTensor* tensor, find_tensor(file, {full.c_str()}));
    if (format_info(tensor->format).decode == nullptr)
      return refuse(file, "the tensor '" + full + "' has the format " + std::string(format_info(tensor->format).name) +
                              ", which Facet can not compute with");
  }
  return {};
}

// Weights alone: neither factors of RoPE and layers nor lists of token ids.
std::uint64_t count_parameters(const GgufFile& file) {
  std::uint64_t count = 0;
  for (const GgufTensor& tensor : file.tensors()) {
    if (format_info(tensor.format).decode == nullptr || tensor.name.find("rope_freqs") != std::string_view::npos ||
        tensor.name.find("layer_output_scale") != std::string_view::npos)
      continue;
    count += tensor.shape[0] * tensor.shape[1] * tensor.shape[2] * tensor.shape[3];
  }
  return count;
}

}  // namespace

bool is_drafter(const GgufFile& file) {
  const auto architecture = file.string("general.architecture");
  return architecture && std::find(kArchitectures.begin(), kArchitectures.end(), *architecture) != kArchitectures.end();
}

Result<ModelDescription> describe_drafter(const GgufFile& file) {
  const MetadataReader metadata(file, *file.string("general.architecture"));
  ModelDescription description = describe_file(file);
  description.role = ModelRole::Drafter;
  FACET_ASSIGN_OR_RETURN(description.layers, metadata.integer("block_count", {1, 64}));
  FACET_ASSIGN_OR_RETURN(description.embedding_length, metadata.integer("embedding_length", {1, 65535}));
  FACET_ASSIGN_OR_RETURN(description.target_embedding_length, target_width(file, metadata));
  FACET_ASSIGN_OR_RETURN(description.trained_context_length, metadata.integer("context_length", {0, 1U << 24U}, 0));
  description.size_label = size_label_of_width(description.target_embedding_length);

  const std::uint64_t width = description.embedding_length;
  const std::uint64_t target = description.target_embedding_length;
  FACET_ASSIGN_OR_RETURN(const GgufTensor* table, find_tensor(file, {"token_embd.weight"}));
  FACET_RETURN_IF_ERROR(expect_shape(file, *table, {width, table->shape[1], 1, 1}));
  description.vocabulary_size = static_cast<std::uint32_t>(std::min<std::uint64_t>(table->shape[1], UINT32_MAX));
  FACET_ASSIGN_OR_RETURN(
      const GgufTensor* before,
      find_tensor(file, {"nextn.pre_projection.weight", "mtp_pre_proj.weight", "mtp.pre_projection.weight"}));
  FACET_RETURN_IF_ERROR(expect_shape(file, *before, {2 * target, width, 1, 1}));
  FACET_ASSIGN_OR_RETURN(
      const GgufTensor* after,
      find_tensor(file, {"nextn.post_projection.weight", "mtp_post_proj.weight", "mtp.post_projection.weight"}));
  FACET_RETURN_IF_ERROR(expect_shape(file, *after, {width, target, 1, 1}));
  FACET_ASSIGN_OR_RETURN(const GgufTensor* norm, find_tensor(file, {"output_norm.weight"}));
  FACET_RETURN_IF_ERROR(expect_shape(file, *norm, {width, 1, 1, 1}));
  for (std::uint32_t i = 0; i < description.layers; ++i)
    FACET_RETURN_IF_ERROR(check_layer(file, i, width));
  description.parameters = count_parameters(file);
  return description;
}

}  // namespace facet::engine
