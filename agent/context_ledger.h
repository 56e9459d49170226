#pragma once

#include <algorithm>
#include <cstdint>

namespace facet::agent {

// Who gets how much of a model's context, in tokens.
struct ContextLedger {
  std::int64_t context = 0;  // 0: not known, the model says when it is full
  std::int64_t system = 0;   // its text, a summary of the conversation included
  std::int64_t tools = 0;    // their declarations
  std::int64_t reserve = 0;  // for an answer, thoughts included

  bool is_known() const { return context > 0; }
  // What a prompt may take.
  std::int64_t budget() const { return std::max<std::int64_t>(context - reserve, 0); }
  // What is left of that for a conversation.
  std::int64_t for_conversation() const { return std::max<std::int64_t>(budget() - system - tools, 0); }
  // Room is made when a prompt is longer than the first, until it is no longer than the second.
  std::int64_t full_at() const { return system + tools + for_conversation() * 3 / 4; }
  std::int64_t aim() const { return system + tools + for_conversation() / 2; }
};

}  // namespace facet::agent
