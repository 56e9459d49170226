#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/protocol.h"
#include "agent/tool.h"

// Rows to the messages of the chat template (the shape that prompt/prompt.h describes). What is stored is richer than
// what the model is told: notices stay with the user.
namespace facet::agent {

// What one run of the model said, exactly, so that it can be repeated id by id while its turn lasts.
struct RunOutput {
  std::vector<std::int32_t> tokens;
  std::string text;
};

// Appends what a message means to the model: one template message for a user, and for an answer one for each run of
// the model followed by the results of its calls. `outputs` holds those of the runs that are still known exactly.
void append_message(Json& messages, const Message& message, const std::vector<RunOutput>& outputs = {});

Json system_message(const std::string& text);
Json tool_declarations(const std::vector<Tool>& tools);

}  // namespace facet::agent
