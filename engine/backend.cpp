#include "engine/backend.h"

#include <array>

namespace facet::engine {

void Backend::matmul_heads(const HeadWeights& weights, const View& x, const HeadInputs& inputs) {
  std::array<Weight, kMostProducts> matrices;
  std::array<View, kMostProducts> outs;
  std::size_t products = 0;
  const auto add = [&](const Weight& weight, const View& out) {
    if (!weight) return;
    matrices[products] = weight;
    outs[products++] = out;
  };
  add(weights.q, inputs.q);
  add(weights.k, inputs.k);
  add(weights.v, inputs.v);
  matmul_all(std::span(matrices).first(products), x, std::span(outs).first(products));
  prepare_heads(inputs);
}

}  // namespace facet::engine
