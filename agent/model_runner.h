#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "agent/endless_text.h"
#include "agent/part_writer.h"
#include "agent/prompt/reply_parser.h"
#include "agent/turn.h"
#include "agent/turn_prompt.h"

namespace facet::agent {

// What came of one run of the model: its text and thoughts are parts already, its calls wait to be carried out.
struct Reply {
  GenerateOutcome outcome;
  std::vector<ParsedCall> calls;
  bool has_text = false;
  bool is_endless = false;  // it only repeated itself, and was stopped
};

std::uint64_t draw_seed();

// Runs the model over a prompt: streams what it says into parts, and leaves a step row.
class ModelRunner {
 public:
  ModelRunner(const Message& answer, Store& store, TextModel& model, const TurnOptions& options, const TurnHooks& hooks,
              PartWriter& writer);

  // The error is one of the store; what goes wrong with the model is in the outcome. `thinking_tokens` as in
  // Conversation; `is_late` is asked often and ends the run as a stop does.
  Result<Reply> run(const TurnPrompt& prompt, std::vector<PromptPiece> pieces, std::int64_t thinking_tokens,
                    const std::function<bool()>& is_late, std::stop_token stop);

 private:
  Status stream(const GenerateRequest& request, ReplyParser parser, const std::function<bool()>& is_late,
                std::stop_token stop, Reply& reply);
  Status take(const ReplyEvent& event, Reply& reply);
  Step step_of(const GenerateRequest& request, const std::string& prompt, const GenerateOutcome& outcome) const;

  const Message& answer_;
  Store& store_;
  TextModel& model_;
  const TurnOptions& options_;
  const TurnHooks& hooks_;
  PartWriter& writer_;
  EndlessText said_;  // in this run
};

}  // namespace facet::agent
