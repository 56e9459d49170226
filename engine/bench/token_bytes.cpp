#include "engine/bench/token_bytes.h"

#include <algorithm>
#include <cmath>

#include "engine/gguf/gguf_file.h"
#include "engine/model/config.h"
#include "engine/model/kv_cache.h"
#include "engine/model/tensor_rules.h"

namespace facet::engine {
namespace {

std::uint64_t read_of(const GgufFile& file, const std::vector<TensorRule>& rules, const ModelConfig& config) {
  std::uint64_t bytes = 0;
  for (const TensorRule& rule : rules) {
    const GgufTensor* tensor = file.find(rule.name);
    if (tensor == nullptr || rule.use == WeightUse::Table) continue;
    const bool of_experts = rule.shape[2] > 1;
    bytes += of_experts ? tensor->data.size() / config.expert_count * config.expert_used_count : tensor->data.size();
  }
  return bytes;
}

std::uint64_t weights_read(const GgufFile& file, const ModelConfig& config) {
  Weights weights;
  std::uint64_t bytes = read_of(file, model_tensor_rules(config, weights), config);
  // Without a matrix of its own, the head is the table of embeddings, all of it.
  if (file.find("output.weight") == nullptr) bytes += file.find("token_embd.weight")->data.size();
  for (std::uint32_t i = 0; i < config.layer_count(); ++i) {
    LayerWeights layer;
    const bool fused = file.find(layer_tensor_name(i, "ffn_gate_up_exps.weight")) != nullptr;
    bytes += read_of(file, layer_tensor_rules(config, i, fused, layer), config);
  }
  return bytes;
}

std::uint64_t cache_read(const ModelConfig& config, const KvLayout& layout, std::uint32_t position) {
  std::uint64_t cells = 0;
  for (const KvLayout::Layer& layer : layout.layers)
    cells += std::uint64_t{layer.rows} * layer.width;
  std::uint64_t cells_read = 0;
  for (const LayerConfig& layer : config.layers) {
    const std::uint64_t seen = std::uint64_t{position} + 1;
    const std::uint64_t rows = layer.sliding() ? std::min<std::uint64_t>(seen, layer.window) : seen;
    cells_read += rows * layer.kv_heads * layer.head_dim;
  }
  // Of keys and of values, in the format that the cache has.
  const double bytes_per_cell = static_cast<double>(layout.bytes()) / static_cast<double>(cells);
  return static_cast<std::uint64_t>(std::llround(bytes_per_cell * static_cast<double>(cells_read)));
}

}  // namespace

Result<TokenBytes> token_bytes(const GgufFile& file, const KvLayout& layout, std::uint32_t position) {
  FACET_ASSIGN_OR_RETURN(const ModelConfig config, read_config(file));
  FACET_ASSIGN_OR_RETURN(const WeightCount checked, check_weights(file, config));
  static_cast<void>(checked);
  return TokenBytes{weights_read(file, config), cache_read(config, layout, position)};
}

}  // namespace facet::engine
