#pragma once

#include <optional>
#include <vector>

#include "agent/protocol.h"
#include "agent/store/reader.h"
#include "agent/text_model.h"
#include "agent/turn.h"

namespace facet::agent {

// What the model will be told when a question is sent that is still being written.
struct UnsentPrompt {
  std::vector<PromptPiece> whole;
  // What stands before the question, whatever becomes of it: system text, tools, the conversation so far.
  std::vector<PromptPiece> beginning;
};

// Stores and sends nothing. Nothing where it can not be told.
std::optional<UnsentPrompt> render_unsent(const UserTurn& question, const StoreReader& reader, const TextModel& model,
                                          const TurnOptions& options);

}  // namespace facet::agent
