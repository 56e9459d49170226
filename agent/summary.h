#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/protocol.h"
#include "agent/text_model.h"
#include "engine/base/result.h"

namespace facet::agent {

// Has the model write a summary, `request` being a prompt that asks for it, with at most `room` tokens. `progress`
// hears of each word. An error of code Stopped when it was stopped; any other when there is none.
Result<std::string> write_summary(TextModel& model, ConversationId conversation, std::vector<PromptPiece> request,
                                  std::int64_t room, std::uint64_t seed,
                                  const std::function<void(std::int64_t done)>& progress, std::stop_token stop);

// In place of one, from a model that writes none: what the user has asked up to the given message, behind what was
// known before, shortened to `most_bytes` where it begins.
std::string list_questions(const std::vector<Message>& messages, const Compaction& before, MessageId end,
                           std::size_t most_bytes);

}  // namespace facet::agent
