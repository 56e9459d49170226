#include "agent/model_slot.h"

#include <exception>
#include <utility>

namespace facet::agent {

namespace {

Result<std::unique_ptr<TextModel>> load_without_exceptions(const ModelSlot::Loader& loader, const std::string& path) {
  try {
    return loader(path);
  } catch (const std::exception& exception) {
    return Error{Error::Code::Internal, "The model " + path + " could not be loaded: " + exception.what() + "."};
  }
}

ModelChanged ready_event(const TextModelInfo& info) {
  ModelChanged event;
  event.ready = true;
  event.name = info.name;
  event.description = info.description;
  event.device = info.device;
  event.path = info.path;
  event.context_length = info.context_length;
  event.built_in = info.built_in;
  event.sees = info.sees;
  event.hears = info.hears;
  event.thinks = info.thinks;
  return event;
}

}  // namespace

ModelSlot::ModelSlot(Loader loader, std::function<void(ModelLoaded)> post, std::function<void(const Event&)> send)
    : loader_(std::move(loader)), post_(std::move(post)), send_(std::move(send)) {}

ModelSlot::~ModelSlot() {
  if (thread_.joinable()) thread_.join();
}

void ModelSlot::load(const LoadModel& op) {
  model_.reset();
  is_loading_ = true;
  ModelChanged event;
  event.path = op.model;
  send_(event);
  if (thread_.joinable()) thread_.join();  // a load that has been handed over
  thread_ = std::thread([this, path = op.model] { post_({path, load_without_exceptions(loader_, path)}); });
}

void ModelSlot::install(ModelLoaded loaded) {
  is_loading_ = false;
  if (loaded.model.ok()) {
    model_ = std::move(*loaded.model);
    problem_.clear();
    send_(ready_event(model_->info()));
    return;
  }
  problem_ = loaded.model.error().message;
  ModelChanged event;
  event.path = std::move(loaded.path);
  event.error = problem_;
  send_(event);
}

}  // namespace facet::agent
