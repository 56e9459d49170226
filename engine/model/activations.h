#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/backend.h"
#include "engine/base/result.h"
#include "engine/model/config.h"
#include "engine/model/kv_cache.h"

namespace facet::engine {

struct Weights;

// Rows of logits that are computed at once.
inline constexpr std::uint32_t kLogitRows = 4;

// Every intermediate of the forward pass, allocated once: one row per token of a batch unless it says otherwise. Of
// tokens that see each other the stream and the angles are kept of all, and layers work on as many as a batch has. A
// buffer whose rows differ in width between layers is as wide as the widest.
struct Activations {
  Buffer x;       // the residual stream
  Buffer normed;  // what a branch reads
  Buffer branch;  // what it adds to the stream
  Buffer q, k, v;
  Buffer attended;
  Buffer gate, up;  // of the dense feed-forward
  Buffer rope_full, rope_sliding;
  Buffer logits;      // kLogitRows rows
  Buffer candidates;  // tokens, then their logits

  // Per-layer embeddings: all layers side by side, and the gate of one.
  Buffer per_layer, per_layer_context, per_layer_gate;

  // Experts: the router's rows, then one row per token and chosen expert.
  Buffer expert_logits, expert_ids, expert_weights;
  Buffer experts_branch;  // their sum, one row per token
  Buffer expert_hidden, expert_out;
};

// One buffer that a model needs, and where its handle belongs.
struct ActivationShape {
  std::string_view name;
  Buffer Activations::*slot;
  std::uint32_t rows;
  std::uint32_t width;
};

// The list that both the memory plan and the allocation go by.
std::vector<ActivationShape> plan_activations(const ModelConfig& config, const KvLayout& caches);
LargestOperands plan_operands(const ModelConfig& config, std::uint32_t batch, std::uint32_t context);
std::uint64_t activation_bytes(const std::vector<ActivationShape>& shapes);
Result<Activations> create_activations(const std::vector<ActivationShape>& shapes, Backend& backend);

}  // namespace facet::engine
