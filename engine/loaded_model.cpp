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

}  // namespace facet::engine
