#include "engine/model/activations.h"

#include <algorithm>
#include <string>

namespace facet::engine {
namespace {

// The widest layer of each kind of buffer.
struct Widths {
  std::uint32_t q = 0;
  std::uint32_t kv = 0;
  std::uint32_t ffn = 0;
  std::uint32_t rope_full = 0;
  std::uint32_t rope_sliding = 0;
};

Widths widest(const ModelConfig& config) {
  Widths widths;
  for (const LayerConfig& layer : config.layers) {
    widths.q = std::max(widths.q, layer.heads * layer.head_dim);
    widths.kv = std::max(widths.kv, layer.kv_heads * layer.head_dim);
    widths.ffn = std::max(widths.ffn, layer.ffn_width);
    std::uint32_t& rope = layer.sliding() ? widths.rope_sliding : widths.rope_full;
    rope = std::max(rope, layer.head_dim);
  }
  return widths;
}

}  // namespace

std::vector<ActivationShape> plan_activations(const ModelConfig& config, const KvLayout& caches) {
  const std::uint32_t batch = caches.largest_batch();
  const std::uint32_t stream = std::max(batch, caches.largest_block());
  const std::uint32_t width = config.embedding_length;
  const Widths widths = widest(config);
  std::vector<ActivationShape> shapes = {
      {"x", &Activations::x, stream, width},
      {"normed", &Activations::normed, batch, width},
      {"branch", &Activations::branch, batch, width},
      {"q", &Activations::q, batch, widths.q},
      {"k", &Activations::k, batch, widths.kv},
      {"v", &Activations::v, batch, widths.kv},
      {"attended", &Activations::attended, batch, widths.q},
      {"gate", &Activations::gate, batch, widths.ffn},
      {"up", &Activations::up, batch, widths.ffn},
      {"rope_full", &Activations::rope_full, stream, widths.rope_full},
      {"rope_sliding", &Activations::rope_sliding, stream, widths.rope_sliding},
      {"logits", &Activations::logits, kLogitRows, config.vocabulary_size},
      {"candidates", &Activations::candidates, 1, 2 * Backend::kMostCandidates},
  };
  if (config.per_layer_width > 0) {
    const std::uint32_t all_layers = config.per_layer_width * config.layer_count();
    shapes.push_back({"per_layer", &Activations::per_layer, batch, all_layers});
    shapes.push_back({"per_layer_context", &Activations::per_layer_context, batch, all_layers});
    shapes.push_back({"per_layer_gate", &Activations::per_layer_gate, batch, config.per_layer_width});
  }
  if (config.expert_count > 0) {
    const std::uint32_t chosen = config.expert_used_count;
    shapes.push_back({"expert_logits", &Activations::expert_logits, batch, config.expert_count});
    shapes.push_back({"expert_ids", &Activations::expert_ids, batch, chosen});
    shapes.push_back({"expert_weights", &Activations::expert_weights, batch, chosen});
    shapes.push_back({"experts_branch", &Activations::experts_branch, batch, width});
    shapes.push_back({"expert_hidden", &Activations::expert_hidden, batch * chosen, 2 * config.expert_ffn_width});
    shapes.push_back({"expert_out", &Activations::expert_out, batch * chosen, width});
  }
  return shapes;
}

LargestOperands plan_operands(const ModelConfig& config, std::uint32_t batch, std::uint32_t context) {
  const Widths widths = widest(config);
  LargestOperands largest;
  largest.context = context;
  largest.vocabulary = config.vocabulary_size;
  for (const std::uint32_t inputs : {config.embedding_length, widths.q, widths.ffn, config.per_layer_width})
    largest.products.push_back({batch, inputs});
  if (config.expert_count > 0) {
    largest.experts = config.expert_count;
    largest.expert_pairs = batch * config.expert_used_count;
    largest.products.push_back({largest.expert_pairs, config.expert_ffn_width});
  }
  for (const LayerConfig& layer : config.layers)
    largest.attentions.push_back({layer.heads, layer.kv_heads, layer.head_dim, layer.window});
  return largest;
}

std::uint64_t activation_bytes(const std::vector<ActivationShape>& shapes) {
  std::uint64_t bytes = 0;
  for (const ActivationShape& shape : shapes)
    bytes += std::uint64_t{shape.rows} * shape.width * sizeof(float);
  return bytes;
}

Result<Activations> create_activations(const std::vector<ActivationShape>& shapes, Backend& backend) {
  Activations activations;
  for (const ActivationShape& shape : shapes) {
    FACET_ASSIGN_OR_RETURN(
        activations.*shape.slot,
        backend.create_buffer("the intermediate results '" + std::string(shape.name) + "'", shape.rows, shape.width));
  }
  return activations;
}

}  // namespace facet::engine
