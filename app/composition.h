#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/agent.h"
#include "app/paths.h"
#include "engine/base/result.h"
#include "engine/engine.h"

namespace facet::app {

// What the window and the command line choose; everything else is the same for both.
struct AgentChoices {
  engine::EngineOptions engine;                       // where the model computes; no path
  std::shared_ptr<agent::MediaSource> media;          // also used by the agent; of start_agent's own making
  std::string projector;                              // a file's path; empty: what lies in the model or beside it
  std::function<void(const agent::Event&)> on_event;  // from the agent's threads, not from one alone
  agent::SamplingOverrides sampling;
  agent::TurnLimits limits;
  std::optional<std::uint64_t> seed;
  std::optional<agent::Json> answer_schema;  // as in agent::AgentOptions
  std::vector<agent::Effect> allowed_effects;
  bool refuse_unanswered = false;
};

// The tools, the policy and the model loader of an agent.
Result<agent::AgentOptions> agent_options(const Paths& paths, AgentChoices choices);

// Builds the object graph: store, tools, policy, model loader, agent.
Result<std::unique_ptr<agent::Agent>> start_agent(const Paths& paths, AgentChoices choices);

// Opens a model by the name a user gives it.
Result<std::unique_ptr<agent::TextModel>> open_model(const Paths& paths, const std::string& model,
                                                     const AgentChoices& choices);

}  // namespace facet::app
