#pragma once

#include <cstdint>
#include <vector>

#include "agent/store/reader.h"
#include "agent/text_model.h"
#include "agent/tool.h"
#include "agent/transcript.h"
#include "agent/turn.h"

namespace facet::agent {

// What the model is told in a turn: the system text, the tools, and as much of the conversation as leaves room for an
// answer.
class TurnPrompt {
 public:
  TurnPrompt(const TurnOptions& options, const std::vector<std::string>& folders, const TextModel& model);

  // The messages of a conversation up to the given one.
  Status read_history(const StoreReader& reader, ConversationId conversation, MessageId last);
  void append(const Message& message);

  // `outputs` holds what the runs of the answer so far said exactly.
  Result<std::vector<PromptPiece>> render(const Message& answer, const std::vector<RunOutput>& outputs);

  const Senses& senses() const { return senses_; }
  const Json& declarations() const { return declarations_; }
  // Of the last prompt: turns were left out, and nothing in the conversation tells the user so.
  bool leaves_out_unnoticed() const { return leaves_out_ && !was_told_; }

 private:
  Result<std::vector<PromptPiece>> render_from(int first, const Message& answer,
                                               const std::vector<RunOutput>& outputs) const;

  const TurnOptions& options_;
  const std::vector<std::string> folders_;
  const TextModel& model_;
  const Json declarations_;
  const Senses senses_;
  std::vector<Json> turns_;  // the conversation up to the question, as template messages
  bool leaves_out_ = false;
  bool was_told_ = false;
};

// What the user is told when the beginning is left out.
extern const char* const kLeftOut;

}  // namespace facet::agent
