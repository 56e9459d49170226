#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/media_source.h"
#include "agent/meeting/sound_source.h"
#include "agent/protocol.h"
#include "agent/text_model.h"
#include "agent/tool.h"
#include "agent/turn_limits.h"
#include "engine/base/result.h"

namespace facet::agent {

struct AgentOptions {
  std::filesystem::path database;
  std::string system_prompt;  // resources/prompts; "{folder}" is replaced by the working folder
  std::vector<Tool> tools;
  // Decodes pictures, sounds and videos that are attached; without it they are files like others.
  std::shared_ptr<MediaSource> media = {};
  // The sound of recordings that are imported; without it none can be.
  std::shared_ptr<SoundSource> sound = {};
  // Loads a model for LoadModel; called on the agent's model thread, may take seconds. The model that was open before
  // is gone by then. Questions that come meanwhile wait.
  std::function<Result<std::unique_ptr<TextModel>>(const std::string& model)> load_model;
  // Called on the agent thread, also while the agent ends; must return at once. It may submit operations.
  std::function<void(const Event&)> on_event;
  SamplingOverrides sampling;
  std::optional<std::uint64_t> seed;  // fixed for tests and `ask --seed`; otherwise drawn per step and recorded
  // JSON schema that answers have to fit; they are JSON then. Without it they are text.
  std::optional<Json> answer_schema;
  TurnLimits limits;
  // Effects that run without asking, wherever they point: `ask --allow`. Empty in the window.
  std::vector<Effect> allowed_effects;
  // Answers approvals at once instead of waiting: refuse when nobody is there to be asked.
  bool refuse_unanswered = false;
};

// The agent: one thread that owns the store, the conversations and the model. The window, the command line and the
// server talk to it by operations and hear of it by events. One turn runs at a time, over all conversations; what else
// is asked for meanwhile is done at once, and a question is stored and shown (TurnStarted) before its turn has come.
class Agent {
 public:
  static Result<std::unique_ptr<Agent>> start(AgentOptions options);
  // Stops what runs, finishes its rows and joins the threads.
  ~Agent();

  // From any thread; returns at once. StopTurn and AnswerApproval take effect while a turn is running.
  void submit(Op op);

 private:
  Agent();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facet::agent
