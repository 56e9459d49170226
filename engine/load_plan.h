#pragma once

#include <cstdint>
#include <memory>

#include "engine/base/result.h"
#include "engine/cpu/cpu_backend.h"
#include "engine/device_backend.h"
#include "engine/device_ladder.h"
#include "engine/engine.h"
#include "engine/model/memory_plan.h"

namespace facet::engine {

// What a model needs, wherever it will lie.
struct ModelNeeds {
  Products products = Products::Float32;
  CacheOrder cache;
  ModelParts parts;
  std::uint64_t weight_bytes = 0;  // of the file, and of the projector's
};
// `projector`: null for a model that takes text alone.
Result<ModelNeeds> needs_of(const GgufFile& file, const ModelConfig& config, const WeightCount& weights,
                            const Projector* projector, const EngineOptions& options);

// What integer formats are multiplied as, in a file of so many bytes of weights.
Products choose_products(Precision precision, std::uint64_t weight_bytes);

// What a device is tried with, before it computes this model.
DeviceTrial trial_of(const VulkanDevice& device, const GgufFile& file, const ModelConfig& config,
                     const ModelNeeds& needs, bool only_if_faster);
// Where the model may be computed, in the order in which it is to be tried: by what the devices can do, where somebody
// finds out (EngineOptions::try_device).
Result<std::vector<Rung>> choose_rungs(const GgufFile& file, const ModelConfig& config, const ModelNeeds& needs,
                                       const EngineOptions& options);

// What computes. The graphics device is there when one is asked for.
struct Devices {
  std::unique_ptr<DeviceBackend> cpu;
  std::unique_ptr<DeviceBackend> gpu;

  // Where the encoders of pictures and sound are computed; null for a placement without any.
  EncoderBackend* of_encoders(const Placement& placement) const;
  // As one backend, of those that the placement uses.
  std::unique_ptr<Backend> join(const Placement& placement) &&;
};
Result<std::unique_ptr<DeviceBackend>> open_cpu(const EngineOptions& options, Products products);

// How a model will lie in memory: what loading goes by and `fit_model` shows.
struct LoadPlan {
  Placement placement;
  std::uint64_t gpu_budget = 0;  // of the graphics device, whether or not anything fits there
  MemoryPlan memory;
};
Result<LoadPlan> plan_load(const ModelNeeds& needs, const ModelConfig& config, const EngineOptions& options,
                           const Devices& devices);

}  // namespace facet::engine
