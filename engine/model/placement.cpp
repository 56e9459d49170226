#include "engine/model/placement.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "engine/base/check.h"
#include "engine/gguf/gguf_file.h"

namespace facet::engine {
namespace {

// "blk.7.ffn_gate.weight" in two parts.
struct LayerTensor {
  std::uint32_t layer = 0;
  std::string_view name;
};

std::optional<LayerTensor> layer_tensor(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  LayerTensor tensor;
  const char* const end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data() + kPrefix.size(), end, tensor.layer);
  if (error != std::errc() || at == end || *at != '.') return std::nullopt;
  tensor.name = {at + 1, end};
  return tensor;
}

bool is_matrix_of_experts(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"ffn_gate_up_exps.weight", "ffn_gate_exps.weight",
                                                      "ffn_up_exps.weight", "ffn_down_exps.weight"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// Everything between the residual stream and the sum of the experts, so that one row goes each way.
bool is_of_experts(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {"ffn_gate_inp.weight", "ffn_gate_inp.scale",
                                                      "ffn_gate_inp.per_expert_scale", "pre_ffw_norm_2.weight",
                                                      "ffn_down_exps.scale"};
  return is_matrix_of_experts(name) || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

Placement Placement::all_on(Side side, const ModelConfig& config) {
  Placement placement;
  for (const LayerConfig& layer : config.layers)
    placement.layers.push_back({side, side, layer.kv_source});
  placement.head = side;
  return placement;
}

Placement Placement::last_on_gpu(const ModelConfig& config, std::uint32_t count, Side head, Side experts) {
  Placement placement = all_on(Side::Cpu, config);
  placement.head = head;
  for (std::uint32_t i = config.layer_count() - count; i < config.layer_count(); ++i) {
    placement.layers[i].side = Side::Gpu;
    placement.layers[i].experts = config.expert_count > 0 ? experts : Side::Gpu;
  }
  return placement;
}

Placement Placement::with_held_experts(std::uint64_t count, std::uint32_t experts_of_layer) const {
  Placement placement = *this;
  std::vector<Layer*> divided;
  for (auto layer = placement.layers.rbegin(); layer != placement.layers.rend(); ++layer) {
    layer->held_experts = 0;
    if (layer->side == Side::Gpu && layer->experts == Side::Cpu) divided.push_back(&*layer);
  }
  const std::uint32_t least = std::max(2U, experts_of_layer / 4);
  divided.resize(std::min<std::uint64_t>(divided.size(), count / least));
  for (std::size_t i = 0; i < divided.size(); ++i) {
    const std::uint64_t share = count / divided.size() + (i < count % divided.size() ? 1 : 0);
    divided[i]->held_experts = static_cast<std::uint32_t>(std::min<std::uint64_t>(share, experts_of_layer));
  }
  return placement;
}

Side Placement::side_of(std::string_view tensor, WeightUse use) const {
  if (const auto of_layer = layer_tensor(tensor)) {
    FACET_CHECK(of_layer->layer < layers.size(), "layer %u", of_layer->layer);
    const Layer& layer = layers[of_layer->layer];
    return is_of_experts(of_layer->name) ? layer.experts : layer.side;
  }
  const bool is_head = use == WeightUse::Matrix && (tensor == "output.weight" || tensor == "token_embd.weight");
  return is_head ? head : input();
}

bool Placement::lies_on(Side side, std::string_view tensor, WeightUse use) const {
  if (use == WeightUse::Table || !uses(side)) return false;
  return use == WeightUse::Vector || side_of(tensor, use) == side;
}

std::optional<std::uint32_t> Placement::layer_of(std::string_view tensor) {
  const auto of_layer = layer_tensor(tensor);
  return of_layer ? std::optional(of_layer->layer) : std::nullopt;
}

std::uint32_t Placement::held_experts(std::string_view tensor) const {
  const auto of_layer = layer_tensor(tensor);
  if (!of_layer || !is_matrix_of_experts(of_layer->name)) return 0;
  FACET_CHECK(of_layer->layer < layers.size(), "layer %u", of_layer->layer);
  return layers[of_layer->layer].held_experts;
}

bool Placement::keeps_cache(Side side, std::uint32_t layer) const {
  return std::any_of(layers.begin(), layers.end(),
                     [&](const Layer& reader) { return reader.kv_source == layer && reader.side == side; });
}

bool Placement::uses(Side side) const {
  return head == side || encoders == side || std::any_of(layers.begin(), layers.end(), [side](const Layer& layer) {
           return layer.side == side || layer.experts == side;
         });
}

std::uint32_t Placement::layers_on(Side side) const {
  return static_cast<std::uint32_t>(
      std::count_if(layers.begin(), layers.end(), [side](const Layer& layer) { return layer.side == side; }));
}

GgufTensor room_for_experts(const GgufTensor& tensor, std::uint32_t count) {
  GgufTensor room = tensor;
  room.shape[2] = count;
  room.data = {};
  return room;
}

}  // namespace facet::engine
