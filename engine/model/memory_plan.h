#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/result.h"
#include "engine/device_backend.h"
#include "engine/engine.h"
#include "engine/media/encoder_buffers.h"
#include "engine/media/encoder_weights.h"
#include "engine/model/activations.h"
#include "engine/model/config.h"
#include "engine/model/kv_cache.h"
#include "engine/model/placement.h"
#include "engine/model/weights.h"

namespace facet::engine {

// What keeps a sequence: see KvLayout.
struct CacheOrder {
  std::uint32_t context = 0;
  std::uint32_t rewind_length = 0;
  Format format = Format::F32;
  std::uint32_t largest_block = 0;  // of tokens that see each other
};

// What encoders of pictures and sound need memory for.
struct EncoderParts {
  ProjectorConfig config;
  std::vector<EncoderTensor> tensors;  // without places for their handles
  std::vector<EncoderBufferShape> buffers;
};

// Everything that a model needs memory for, wherever it will lie. Planning counts these lists, and loading goes by
// them.
struct ModelParts {
  std::vector<NeededWeight> weights;
  KvLayout caches;
  std::vector<ActivationShape> activations;
  LargestOperands operands;
  std::optional<EncoderParts> encoders;

  // `projector`: null for a model that takes text alone.
  static Result<ModelParts> list(const GgufFile& file, const ModelConfig& config, const CacheOrder& order,
                                 const Projector* projector = nullptr);
  // The same weights with another cache.
  void set_cache(const ModelConfig& config, const CacheOrder& order);
};

// What a side takes of its device's memory: first the model itself, then the cache of one sequence.
DeviceMemory memory_of(const ModelParts& parts, const Placement& placement, Side side, const DeviceBackend& device);

// Lets the CPU copy its matrices if that takes no more than a share of what the rest leaves of `unused_bytes`: the
// pages of the file stay in memory beside them until somebody else needs the room, and a machine with too little for
// both would read the file again and again, or swap.
void place_matrices(const ModelParts& parts, const Placement& placement, std::uint64_t unused_bytes,
                    DeviceBackend& cpu);

}  // namespace facet::engine
