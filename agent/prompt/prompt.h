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
// reasoning_content, tool_calls, tool_responses, tool_call_id, name.
//
// One field is ours: `generated` {"tokens": [...], "text": "..."} on an assistant message, the outcome of the run that
// produced it (GenerateOutcome::tokens and ::text, ending token included). In Repaired mode it is repeated id by id as
// a Tokens piece instead of being rendered anew, so that what the engine has cached stays a prefix of the next prompt:
//
//   {"role": "assistant", "content": ..., "reasoning": ..., "tool_calls": [...], "generated": {...}}
//   {"role": "tool", "tool_call_id": ..., "name": ..., "content": ...}          one for each call
//   {"role": "assistant", "content": ..., "generated": {...}}                   the next run, or the final answer
//
// - The other fields must be filled as well: they decide what follows the output, and stand in for it where it can not
//   be repeated (a call or thought left open, or a thought in a turn before the last user message).
// - After the last user message the output stands behind the same generation prompt that it was made with.
// - With tool_calls: results follow behind the output's own `<|tool_response>`; any other ending token is replaced by
//   that marker. Further results open their own. A message in this form may carry calls that could not be read: give
//   them a name and no arguments in tool_calls and say what was wrong in the tool message.
// - Without tool_calls (a final answer, or one that was cut or stopped): the turn is closed with `<turn|>` and a
//   newline, whichever of the two the output itself does not have; it stays open when an assistant message follows.
// - `tokens` may be empty for models that know no ids; `text` is then what is repeated.
//
// So is `media` in a content part of a user's message, a picture or a sound as agent/media_json.h writes it, with what
// stands directly before it: {"type": "image", "media": {...}, "lead": "00:07 "}. It becomes a Media piece between its
// markers; without it the template's placeholder is written. In a tool message it stands, as the placeholder does,
// behind the result's `<tool_response|>`.
struct PromptOptions {
  PromptVariant variant = PromptVariant::Small;
  bool add_generation_prompt = true;
  bool enable_thinking = false;
  bool preserve_thinking = false;
  // Exact reproduces the official template with its oddities and ignores `generated`. Repaired mends what is known to
  // derail the models: text of a message with calls stays in front of its calls, unanswered calls get a null result
  // once somebody speaks after them, schemas are normalised. Conversations of the application are rendered Repaired.
  enum class Mode { Exact, Repaired };
  Mode mode = Mode::Repaired;
};

// `messages` and `tools` are JSON arrays (tools may be null). Fails where the template refuses its inputs.
Result<std::vector<PromptPiece>> render_prompt(const Json& messages, const Json& tools, const PromptOptions& options);

// The pieces as one string, as the template would print it.
std::string prompt_text(const std::vector<PromptPiece>& pieces);

}  // namespace facet::agent
