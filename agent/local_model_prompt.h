#pragma once

#include <variant>
#include <vector>

#include "agent/text_model.h"
#include "engine/text/tokenizer.h"

namespace facet::agent {

// A prompt as the model reads it: ids, and what has to be encoded first.
using PromptToken = std::variant<engine::Token, const MediaItem*>;

inline bool is_media(const PromptToken& token) {
  return std::holds_alternative<const MediaItem*>(token);
}

// The ids of a prompt, which outlives them. Text merges across the borders of pieces, but never into ids that were
// generated.
std::vector<PromptToken> encode(const engine::Tokenizer& tokenizer, const std::vector<PromptPiece>& prompt);

std::vector<const MediaItem*> media_of(const std::vector<PromptToken>& prompt);

}  // namespace facet::agent
