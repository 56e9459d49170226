#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "agent/protocol.h"
#include "agent/text_model.h"
#include "engine/base/result.h"

namespace facet::agent {

// What came of a load, on its way from the model thread to the agent thread.
struct ModelLoaded {
  std::string path;
  Result<std::unique_ptr<TextModel>> model;
};

// The model that answers. Belongs to the agent thread; a load runs on a thread of its own and is handed over by the
// function `post`. The old model is let go first, because two seldom fit into the memory together.
class ModelSlot {
 public:
  using Loader = std::function<Result<std::unique_ptr<TextModel>>(const std::string& model)>;

  ModelSlot(Loader loader, std::function<void(ModelLoaded)> post, std::function<void(const Event&)> send);
  ~ModelSlot();  // waits for a load in progress

  // Precondition: no load is in progress.
  void load(const LoadModel& op);
  void install(ModelLoaded loaded);

  bool is_loading() const { return is_loading_; }
  TextModel* model() const { return model_.get(); }
  // Why there is no model, one sentence.
  const std::string& problem() const { return problem_; }

 private:
  const Loader loader_;
  const std::function<void(ModelLoaded)> post_;
  const std::function<void(const Event&)> send_;
  std::unique_ptr<TextModel> model_;
  std::string problem_ = "No model is loaded; choose one first.";
  bool is_loading_ = false;
  std::thread thread_;
};

}  // namespace facet::agent
