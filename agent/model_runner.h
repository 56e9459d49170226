#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "agent/part_writer.h"
#include "agent/prompt/reply_parser.h"
#include "agent/turn.h"

namespace facet::agent {

// What came of one run of the model: its text and thoughts are parts already, its calls wait to be carried out.
struct Reply {
  GenerateOutcome outcome;
  std::vector<ParsedCall> calls;
  bool has_text = false;
};

// Runs the model over a prompt: streams what it says into parts, and leaves a step row.
class ModelRunner {
 public:
  ModelRunner(const Message& answer, Store& store, TextModel& model, const TurnOptions& options, const TurnHooks& hooks,
              PartWriter& writer);

  // The error is one of the store; what goes wrong with the model is in the outcome.
  Result<Reply> run(std::vector<PromptPiece> prompt, const Json& declarations, std::stop_token stop);

 private:
  Status stream(const GenerateRequest& request, ReplyParser parser, std::stop_token stop, Reply& reply);
  Status take(const ReplyEvent& event, Reply& reply);
  Step step_of(const GenerateRequest& request, const std::string& prompt, const GenerateOutcome& outcome) const;

  const Message& answer_;
  Store& store_;
  TextModel& model_;
  const TurnOptions& options_;
  const TurnHooks& hooks_;
  PartWriter& writer_;
};

}  // namespace facet::agent
