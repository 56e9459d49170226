#pragma once

#include "agent/agent.h"
#include "agent/turn.h"

namespace facet::agent {

// What holds for every turn of an agent. The attachments outlive it.
TurnOptions turn_options(const AgentOptions& options, Attachments& attachments);

// Gives the turns the tools that a model may use, null for any model: what it has not learned to call would only
// confuse it, so it is not told of it and can not call it, and who does not see has no use of the screen. Where the
// declarations would take more than a third of the context, those that are needed least are not offered either; their
// names come back. The error is one of the schema of the answer.
Result<std::vector<std::string>> offer_tools(const AgentOptions& options, const TextModel* model, TurnOptions& turns);

}  // namespace facet::agent
