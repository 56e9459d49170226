#pragma once

#include <string>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "engine/model/config.h"
#include "engine/model/placement.h"

// Ways to share a model out to two backends.
namespace facet::engine::placements {

struct Case {
  std::string name;
  Placement placement;
};

inline ModelConfig config_of(const std::string& path) {
  const auto file = GgufFile::open(path);
  if (!file.ok()) qFatal("%s", file.error().message.c_str());
  const auto config = read_config(**file);
  if (!config.ok()) qFatal("%s", config.error().message.c_str());
  return *config;
}

// `layer(i)` says which side computes layer i.
template <typename Choice>
Placement by_layer(const ModelConfig& config, Side head, const Choice& layer) {
  Placement placement = Placement::all_on(Side::Cpu, config);
  placement.head = head;
  for (std::uint32_t i = 0; i < config.layer_count(); ++i)
    placement.layers[i].side = placement.layers[i].experts = layer(i);
  return placement;
}

// Half of the layers on each side, in both orders, and where there are experts, these on the CPU. Layers that read the
// keys of another one are on the other side of it in some of these.
inline std::vector<Case> halves(const ModelConfig& config) {
  const std::uint32_t half = config.layer_count() / 2;
  std::vector<Case> all = {
      {"last half on the GPU", by_layer(config, Side::Gpu, [=](auto i) { return i >= half ? Side::Gpu : Side::Cpu; })},
      {"first half on the GPU", by_layer(config, Side::Cpu, [=](auto i) { return i < half ? Side::Gpu : Side::Cpu; })}};
  if (config.expert_count > 0) {
    all.push_back({"experts on the CPU", Placement::last_on_gpu(config, config.layer_count(), Side::Gpu, Side::Cpu)});
    all.push_back(
        {"last half on the GPU, experts on the CPU", Placement::last_on_gpu(config, half, Side::Gpu, Side::Cpu)});
  }
  return all;
}

// Layers on the GPU whose experts are on the CPU, of which it holds a few, half of them, or as many as there are.
inline std::vector<Case> held(const ModelConfig& config) {
  const Placement none = Placement::last_on_gpu(config, config.layer_count(), Side::Gpu, Side::Cpu);
  std::vector<Case> cases;
  for (const std::uint32_t part : {4U, 2U, 1U})
    cases.push_back({"one of " + std::to_string(part) + " experts held",
                     none.with_held_experts(std::uint64_t{config.layer_count()} * config.expert_count / part,
                                            config.expert_count)});
  const Placement one = Placement::last_on_gpu(config, 1, Side::Gpu, Side::Cpu);
  cases.push_back(
      {"half of one layer's experts held", one.with_held_experts(config.expert_count / 2, config.expert_count)});
  return cases;
}

// Those, and the ones that cross over most.
inline std::vector<Case> all(const ModelConfig& config) {
  std::vector<Case> cases = halves(config);
  cases.push_back({"in turns", by_layer(config, Side::Gpu, [](auto i) { return i % 2 == 0 ? Side::Gpu : Side::Cpu; })});
  cases.push_back({"head alone", by_layer(config, Side::Gpu, [](auto) { return Side::Cpu; })});
  cases.push_back({"all but the head", by_layer(config, Side::Cpu, [](auto) { return Side::Gpu; })});
  if (config.expert_count > 0) {
    Placement experts = Placement::all_on(Side::Cpu, config);
    for (Placement::Layer& layer : experts.layers)
      layer.experts = Side::Gpu;
    cases.push_back({"experts alone", experts});
  }
  return cases;
}

}  // namespace facet::engine::placements
