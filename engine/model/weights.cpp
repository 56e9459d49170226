#include "engine/model/weights.h"

#include <cmath>
#include <limits>
#include <string>

#include "engine/gguf/gguf_file.h"
#include "engine/model/rope_frequencies.h"
#include "engine/model/tensor_rules.h"

namespace facet::engine {
namespace {

Error refuse(const GgufFile& file, const std::string& what) {
  return {Error::Code::CorruptFile, "'" + file.path().filename().string() + "' can not be used: " + what + "."};
}

template <typename Shape>
std::string shape_text(const Shape& shape) {
  std::string text;
  for (const std::uint64_t extent : shape)
    text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return text;
}

// A rule and the tensor that fulfils it; null where the rule is optional and the file has none.
struct FoundTensor {
  TensorRule rule;
  const GgufTensor* tensor = nullptr;
};

std::vector<float> decoded(const GgufTensor& tensor) {
  std::vector<float> values(tensor.shape[0]);
  format_info(tensor.format).decode(tensor.data.data(), values.data(), values.size());
  return values;
}

// Vectors are few and small, and are read while loading anyway. What is wrong with a matrix shows when it is used.
Status refuse_odd_values(const GgufFile& file, const GgufTensor& tensor) {
  for (const float value : decoded(tensor))
    if (!std::isfinite(value))
      return refuse(file, "the tensor '" + std::string(tensor.name) + "' holds a value that is not a number");
  return {};
}

Result<FoundTensor> find_tensor(const GgufFile& file, const TensorRule& rule) {
  const GgufTensor* tensor = file.find(rule.name);
  if (tensor == nullptr && !rule.other_name.empty()) tensor = file.find(rule.other_name);
  if (tensor == nullptr) {
    if (rule.need == TensorRule::Need::Optional) return FoundTensor{rule, nullptr};
    return refuse(file, "it has no tensor '" + rule.name + "'");
  }
  const std::array<std::uint64_t, 4> expected = {rule.shape[0], rule.shape[1], rule.shape[2], 1};
  if (tensor->shape != expected)
    return refuse(file, "the tensor '" + rule.name + "' is " + shape_text(tensor->shape) +
                            " where its metadata asks for " + shape_text(expected));
  const FormatInfo& format = format_info(tensor->format);
  if (format.decode == nullptr)
    return Error{Error::Code::Unsupported, "'" + file.path().filename().string() + "' can not be used: the tensor '" +
                                               rule.name + "' has the format " + std::string(format.name) +
                                               ", which Facet can not compute with."};
  if (rule.use == WeightUse::Vector) FACET_RETURN_IF_ERROR(refuse_odd_values(file, *tensor));
  return FoundTensor{rule, tensor};
}

// The values of a small tensor that the host itself needs; nothing when the file has none.
Result<std::vector<float>> read_values(const GgufFile& file, const std::string& name, std::uint64_t size) {
  Weight unused;
  const TensorRule rule{name, &unused, {size, 1, 1}, WeightUse::Vector, TensorRule::Need::Optional};
  FACET_ASSIGN_OR_RETURN(const FoundTensor found, find_tensor(file, rule));
  return found.tensor == nullptr ? std::vector<float>() : decoded(*found.tensor);
}

Status read_rope(const GgufFile& file, const ModelConfig& config, Weights& weights) {
  for (const LayerConfig& layer : config.layers) {
    if (layer.sliding() && weights.rope_sliding.empty())
      weights.rope_sliding = rope_frequencies(config.rope_base_sliding, layer.head_dim, {});
    if (layer.sliding() || !weights.rope_full.empty()) continue;
    FACET_ASSIGN_OR_RETURN(std::vector<float> factors, read_values(file, "rope_freqs.weight", layer.head_dim / 2));
    for (const float factor : factors)
      if (factor <= 0) return refuse(file, "the tensor 'rope_freqs.weight' holds a factor that is not positive");
    // Every published model rotates the first quarter of the pairs; some writers leave the tensor out.
    if (factors.empty()) {
      factors.assign(layer.head_dim / 2, std::numeric_limits<float>::max());
      std::fill_n(factors.begin(), layer.head_dim / 8, 1.0F);
    }
    weights.rope_full = rope_frequencies(config.rope_base, layer.head_dim, factors);
  }
  return {};
}

// Fills what the host needs of each layer and of the whole, and lists the tensors that go to the backend.
Result<std::vector<FoundTensor>> find_tensors(const GgufFile& file, const ModelConfig& config, Weights& weights) {
  std::vector<FoundTensor> found;
  const auto add = [&](const std::vector<TensorRule>& rules) -> Status {
    for (const TensorRule& rule : rules) {
      FACET_ASSIGN_OR_RETURN(FoundTensor tensor, find_tensor(file, rule));
      if (tensor.tensor != nullptr) found.push_back(std::move(tensor));
    }
    return {};
  };
  FACET_RETURN_IF_ERROR(add(model_tensor_rules(config, weights)));
  weights.layers.resize(config.layer_count());
  for (std::uint32_t i = 0; i < config.layer_count(); ++i) {
    const bool fused = file.find(layer_tensor_name(i, "ffn_gate_up_exps.weight")) != nullptr;
    FACET_RETURN_IF_ERROR(add(layer_tensor_rules(config, i, fused, weights.layers[i])));
    FACET_ASSIGN_OR_RETURN(const std::vector<float> scale,
                           read_values(file, layer_tensor_name(i, "layer_output_scale.weight"), 1));
    if (!scale.empty()) weights.layers[i].output_scale = scale[0];
  }
  FACET_RETURN_IF_ERROR(read_rope(file, config, weights));
  return found;
}

}  // namespace

Result<WeightCount> check_weights(const GgufFile& file, const ModelConfig& config) {
  Weights weights;
  FACET_ASSIGN_OR_RETURN(const std::vector<FoundTensor> found, find_tensors(file, config, weights));
  WeightCount count;
  for (const FoundTensor& tensor : found) {
    count.bytes += tensor.tensor->data.size();
    count.parameters += tensor.rule.shape[0] * tensor.rule.shape[1] * tensor.rule.shape[2];
  }
  return count;
}

Result<std::vector<NeededWeight>> needed_weights(const GgufFile& file, const ModelConfig& config) {
  Weights weights;
  FACET_ASSIGN_OR_RETURN(const std::vector<FoundTensor> found, find_tensors(file, config, weights));
  std::vector<NeededWeight> needed;
  for (const FoundTensor& tensor : found)
    needed.push_back({tensor.tensor, tensor.rule.use});
  if (file.find("output.weight") == nullptr) needed.push_back({file.find("token_embd.weight"), WeightUse::Matrix});
  return needed;
}

Result<Weights> load_weights(const GgufFile& file, const ModelConfig& config, Backend& backend) {
  Weights weights;
  FACET_ASSIGN_OR_RETURN(const std::vector<FoundTensor> found, find_tensors(file, config, weights));
  for (const FoundTensor& tensor : found) {
    FACET_ASSIGN_OR_RETURN(*tensor.rule.slot, backend.load_weight(*tensor.tensor, tensor.rule.use));
  }
  if (!weights.output) {
    FACET_ASSIGN_OR_RETURN(weights.output, backend.load_weight(*file.find("token_embd.weight"), WeightUse::Matrix));
  }
  return weights;
}

}  // namespace facet::engine
