#include "engine/loaded_model.h"

namespace facet::engine {

Result<std::unique_ptr<LoadedModel>> LoadedModel::load(std::unique_ptr<Backend> backend, const GgufFile& file,
                                                       const ModelConfig& config, const ModelParts& parts) {
  std::unique_ptr<LoadedModel> model(new LoadedModel);
  model->backend_ = std::move(backend);
  FACET_RETURN_IF_ERROR(model->backend_->reserve(parts.operands));
  FACET_ASSIGN_OR_RETURN(model->weights_, load_weights(file, config, *model->backend_));
  FACET_ASSIGN_OR_RETURN(model->activations_, create_activations(parts.activations, *model->backend_));
  model->forward_ = std::make_unique<ForwardPass>(*model->backend_, config, model->weights_, model->activations_);
  return model;
}

Status LoadedModel::load_encoders(EncoderBackend& device, const Projector& projector, const EncoderParts& parts) {
  for (const EncoderTensor& entry : encoder_tensors(projector, encoder_weights_)) {
    FACET_ASSIGN_OR_RETURN(*entry.slot, device.load_weight(entry.tensor, entry.use));
  }
  FACET_ASSIGN_OR_RETURN(encoder_buffers_, create_encoder_buffers(parts.buffers, device));
  const ProjectorConfig& config = projector.config;
  if (config.vision)
    vision_ = std::make_unique<VisionEncoder>(device, *config.vision, *encoder_weights_.vision, encoder_buffers_);
  if (config.hearing)
    hearing_ = std::make_unique<HearingEncoder>(device, *config.hearing, *encoder_weights_.hearing, encoder_buffers_);
  return {};
}

}  // namespace facet::engine
