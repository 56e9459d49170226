#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/backend.h"
#include "engine/model/config.h"

namespace facet::engine {

// Where something lies and is computed.
enum class Side : std::uint8_t { Cpu, Gpu };
inline constexpr Side kSides[] = {Side::Cpu, Side::Gpu};

inline Side other(Side side) {
  return side == Side::Cpu ? Side::Gpu : Side::Cpu;
}

// Which side has what of a model. Tables lie on none: their rows are looked up in the mapped file. Vectors are small
// and lie on every side that computes, since the norm that ends a layer has the weight of the next one.
struct Placement {
  struct Layer {
    Side side = Side::Cpu;
    Side experts = Side::Cpu;     // and their router; as `side` where there are none
    std::uint32_t kv_source = 0;  // as in LayerConfig
    // Experts of which the GPU holds copies, where all of them lie on the CPU: those that are asked for most.
    std::uint32_t held_experts = 0;
  };
  std::vector<Layer> layers;
  Side head = Side::Cpu;
  std::optional<Side> encoders = {};  // of pictures and sound; nothing: the model takes text alone

  static Placement all_on(Side side, const ModelConfig& config);
  // The last so many layers on the GPU, or all but their experts; the others, and their experts, on the CPU.
  static Placement last_on_gpu(const ModelConfig& config, std::uint32_t count, Side head, Side experts);

  // So many experts held in all, evenly by the last of the layers that have theirs on the other side; a quarter of a
  // layer's at least, so that it is worth asking both sides, and all at most.
  Placement with_held_experts(std::uint64_t count, std::uint32_t experts_of_layer) const;

  // Where tokens enter: everything in front of the first layer is computed there.
  Side input() const { return layers.front().side; }
  // Which side computes with a tensor of the file.
  Side side_of(std::string_view tensor, WeightUse use) const;
  // Whether a tensor takes memory on a side.
  bool lies_on(Side side, std::string_view tensor, WeightUse use) const;
  // So many experts of a matrix lie on the GPU besides; 0 where it is no matrix of experts.
  std::uint32_t held_experts(std::string_view tensor) const;
  // The layer that a tensor belongs to.
  static std::optional<std::uint32_t> layer_of(std::string_view tensor);
  // Whether the keys and values of a layer are kept on a side: everywhere where a layer reads them.
  bool keeps_cache(Side side, std::uint32_t layer) const;
  // Whether a side computes anything.
  bool uses(Side side) const;
  std::uint32_t layers_on(Side side) const;
};

// A matrix of so many experts like those of a tensor, without their data.
GgufTensor room_for_experts(const GgufTensor& tensor, std::uint32_t count);

}  // namespace facet::engine
