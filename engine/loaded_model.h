#pragma once

#include <memory>

#include "engine/backend.h"
#include "engine/gguf/gguf_file.h"
#include "engine/media/encoder_buffers.h"
#include "engine/media/encoder_weights.h"
#include "engine/media/hearing_encoder.h"
#include "engine/media/vision_encoder.h"
#include "engine/model/activations.h"
#include "engine/model/config.h"
#include "engine/model/forward.h"
#include "engine/model/memory_plan.h"
#include "engine/model/weights.h"

namespace facet::engine {

// A model as it lies on the device that computes it: all that is gone with the device and has to be built again, in the
// order in which it depends on each other. The file and the configuration outlive it.
class LoadedModel {
 public:
  static Result<std::unique_ptr<LoadedModel>> load(std::unique_ptr<Backend> backend, const GgufFile& file,
                                                   const ModelConfig& config, const ModelParts& parts);
  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  // The encoders on one of the backend's devices, behind everything else. What it points to outlives this.
  Status load_encoders(EncoderBackend& device, const Projector& projector, const EncoderParts& parts);

  Backend& backend() { return *backend_; }
  ForwardPass& forward() { return *forward_; }
  // Null where the model does not see, or does not hear.
  VisionEncoder* vision() { return vision_.get(); }
  HearingEncoder* hearing() { return hearing_.get(); }

 private:
  LoadedModel() = default;

  std::unique_ptr<Backend> backend_;
  Weights weights_;
  Activations activations_;
  std::unique_ptr<ForwardPass> forward_;
  EncoderWeights encoder_weights_;
  EncoderBuffers encoder_buffers_;
  std::unique_ptr<VisionEncoder> vision_;
  std::unique_ptr<HearingEncoder> hearing_;
};

}  // namespace facet::engine
