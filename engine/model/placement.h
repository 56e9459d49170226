#pragma once

#include <cstdint>
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
  };
  std::vector<Layer> layers;
  Side head = Side::Cpu;

  static Placement all_on(Side side, const ModelConfig& config);
  // The last so many layers on the GPU, or all but their experts; the others, and their experts, on the CPU.
  static Placement last_on_gpu(const ModelConfig& config, std::uint32_t count, Side head, Side experts);

  // Where tokens enter: everything in front of the first layer is computed there.
  Side input() const { return layers.front().side; }
  // Which side computes with a tensor of the file.
  Side side_of(std::string_view tensor, WeightUse use) const;
  // Whether a tensor takes memory on a side.
  bool lies_on(Side side, std::string_view tensor, WeightUse use) const;
  // Whether the keys and values of a layer are kept on a side: everywhere where a layer reads them.
  bool keeps_cache(Side side, std::uint32_t layer) const;
  // Whether a side computes anything.
  bool uses(Side side) const;
  std::uint32_t layers_on(Side side) const;
};

}  // namespace facet::engine
