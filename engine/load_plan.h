#pragma once

#include <cstdint>
#include <memory>

#include "engine/base/result.h"
#include "engine/device_backend.h"
#include "engine/engine.h"
#include "engine/model/memory_plan.h"

namespace facet::engine {

// What computes: the graphics device is there when one is asked for.
struct Devices {
  std::unique_ptr<DeviceBackend> cpu;
  std::unique_ptr<DeviceBackend> gpu;

  // As one backend, of those that the placement uses.
  std::unique_ptr<Backend> join(const Placement& placement) &&;
};

// How a model will lie in memory: what `Engine::open` goes by and `fit_model` shows.
struct LoadPlan {
  CacheOrder cache;
  ModelParts parts;
  Devices devices;
  Placement placement;
  std::uint64_t gpu_budget = 0;  // of the graphics device, whether or not anything fits there
  MemoryPlan memory;
};

Result<LoadPlan> plan_load(const GgufFile& file, const ModelConfig& config, const WeightCount& weights,
                           const EngineOptions& options);

}  // namespace facet::engine
