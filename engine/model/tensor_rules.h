#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/model/config.h"
#include "engine/model/weights.h"

namespace facet::engine {

// What the configuration expects of one tensor. `slot` is where the loaded weight goes.
struct TensorRule {
  enum class Need { Required, Optional };

  std::string name;
  Weight* slot;
  std::array<std::uint64_t, 3> shape;
  WeightUse use;
  Need need = Need::Required;
  std::string other_name = {};  // that some writers use instead
};

// The only places that say which tensors a model and a layer have. Loading, checking and counting go through them.
std::vector<TensorRule> model_tensor_rules(const ModelConfig& config, Weights& weights);
// `fused_experts`: gate and up projections of the experts come as one tensor.
std::vector<TensorRule> layer_tensor_rules(const ModelConfig& config, std::uint32_t index, bool fused_experts,
                                           LayerWeights& weights);

// `blk.<index>.<name>`
std::string layer_tensor_name(std::uint32_t index, const std::string& name);

}  // namespace facet::engine
