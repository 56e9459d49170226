#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/protocol.h"
#include "agent/store/store.h"

namespace facet::agent {

// What a tool may change that is the agent's own, in the name of a conversation (Tool::run_in_agent). It knows nothing
// of the machine. Lives on the agent thread, during one call. To let a tool change something else of the agent's, add
// a function here: row first, then the event.
class OwnState {
 public:
  OwnState(ConversationId conversation, Store& store, const std::function<void(const Event&)>& send);

  // Keeps a text for later conversations. False when it is kept already. Errors are sentences: it is full.
  Result<bool> remember(const std::string& text);

  // Steps as tidy_plan leaves them.
  Status set_plan(std::vector<PlanStep> steps);

 private:
  ConversationId conversation_;
  Store& store_;
  const std::function<void(const Event&)>& send_;
};

}  // namespace facet::agent
