#pragma once

#include <string>
#include <vector>

#include "agent/text_model.h"
#include "agent/tool.h"
#include "engine/base/result.h"

// Messages and tools to prompt pieces, equal to the official chat template of Gemma 4 (canonical revision).
namespace facet::agent {

// A message in the shape of the template's inputs; the same shape as OpenAI's, kept as JSON because content may be
// text, a list of parts, null or absent, and call arguments may be any value. Fields: role, content, reasoning or
// reasoning_content, tool_calls, tool_responses, tool_call_id, name. One field is ours: `generated`
// {"tokens": [...], "text": "..."} on an assistant message stands for its exact output and is repeated id by id.
struct PromptOptions {
  PromptVariant variant = PromptVariant::Small;
  bool add_generation_prompt = true;
  bool enable_thinking = false;
  bool preserve_thinking = false;
  // Exact reproduces the official template with its oddities. Repaired mends what is known to derail the models:
  // text of a message with calls stays in front of its calls, unanswered calls get a null result, schemas are
  // normalised. Conversations of the application are rendered Repaired.
  enum class Mode { Exact, Repaired };
  Mode mode = Mode::Repaired;
};

// `messages` and `tools` are JSON arrays (tools may be null). Fails where the template refuses its inputs.
Result<std::vector<PromptPiece>> render_prompt(const Json& messages, const Json& tools, const PromptOptions& options);

// The pieces as one string, as the template would print it.
std::string prompt_text(const std::vector<PromptPiece>& pieces);

}  // namespace facet::agent
