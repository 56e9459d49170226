#include "agent/own_state.h"

#include <utility>

namespace facet::agent {

OwnState::OwnState(ConversationId conversation, Store& store, const std::function<void(const Event&)>& send)
    : conversation_(conversation), store_(store), send_(send) {}

Result<bool> OwnState::remember(const std::string& text) {
  FACET_ASSIGN_OR_RETURN(const auto added, store_.add_memory(text, conversation_));
  if (added) send_(MemoryChanged{});
  return added.has_value();
}

Status OwnState::set_plan(std::vector<PlanStep> steps) {
  FACET_RETURN_IF_ERROR(store_.set_plan(conversation_, steps, Store::PlanAuthor::Model));
  send_(PlanChanged{conversation_, std::move(steps)});
  return {};
}

}  // namespace facet::agent
