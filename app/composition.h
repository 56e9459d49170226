#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/agent.h"
#include "app/paths.h"
#include "engine/base/result.h"

namespace facet::app {

// What the window and the command line choose; everything else is the same for both.
struct AgentChoices {
  int threads = 0;
  // These four as in engine::EngineOptions.
  std::string backend;
  std::optional<std::uint32_t> gpu_layers;
  std::uint64_t gpu_memory_bytes = 0;
  std::optional<std::uint64_t> gpu_expert_bytes;
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
