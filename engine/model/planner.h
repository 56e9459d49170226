#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/result.h"
#include "engine/model/memory_plan.h"

namespace facet::engine {

// How much a graphics device may hold.
struct GpuOrder {
  std::uint64_t budget_bytes = 0;
  std::optional<std::uint32_t> layers = {};  // so many of the last ones, all when there are fewer; nothing: what fits
  // As in EngineOptions::gpu_expert_bytes.
  std::optional<std::uint64_t> expert_bytes = {};
};

// Decides what the graphics device computes. It gets the last layers, one behind the other, and the output matrix, as
// far as its memory allows: the stream then crosses over once, in front of the first of them, and what comes out behind
// the last has to go to the host anyway. Whole layers are better than experts that stay in RAM, which cost two
// crossings in each layer; but where not all layers fit, their experts make way if that lets more layers come. What is
// left over then, or what is wanted for it, holds single experts of layers whose experts stay in RAM, those that are
// asked for most (placed/expert_cache.h); memory for a second conversation is left alone.
//
// A wanted number of layers that does not fit is an error. When not even one layer fits, everything is on the CPU.
Result<Placement> plan_placement(const ModelConfig& config, const ModelParts& parts, const DeviceBackend& gpu,
                                 const GpuOrder& order);

}  // namespace facet::engine
