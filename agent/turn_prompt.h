#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/context_ledger.h"
#include "agent/prompt/prompt.h"
#include "agent/store/reader.h"
#include "agent/text_model.h"
#include "agent/tool.h"
#include "agent/transcript.h"
#include "agent/turn.h"

namespace facet::agent {

// What the model is told in a turn: the system text, the tools, and the conversation, in short where there is no room
// for all of it. Making room begins before the context is full, takes half of it at once so that what the model has
// read stays the same for a while, and goes in this order:
//
//   1. long results of calls are left out, the oldest first, never those of the last run;
//   2. the beginning is told as a summary, which somebody else writes (agent/summary.h) between two turns;
//   3. whole turns are left out, then the first runs of this one.
//
// Nothing of that changes what is stored, and where there is a tool for it the model is told how to read it again.
class TurnPrompt {
 public:
  TurnPrompt(const TurnOptions& options, const Conversation& conversation, const TextModel& model);

  // The messages of the conversation up to the given one, and how its beginning was told before.
  Status read_history(const StoreReader& reader, MessageId last);
  void append(Message message);

  // `outputs` holds what the runs of the answer so far said exactly.
  Result<std::vector<PromptPiece>> render(const Message& answer, const std::vector<RunOutput>& outputs);

  // Whether what was said before the last question should be summarised: it is most of what fills the context up, and
  // leaving results out has not helped.
  Result<bool> wants_summary();
  // What asks the model for that summary, at most `room` tokens of it; what it is to cover.
  Result<std::vector<PromptPiece>> render_summary_request(std::int64_t room);
  const std::vector<Message>& messages() const { return messages_; }
  MessageId summary_end() const;
  void summarise(std::string summary);

  // How the conversation is told by now.
  const Compaction& compaction() const { return compaction_; }
  void set_compaction(Compaction compaction) { compaction_ = std::move(compaction); }

  const ContextLedger& ledger() const { return ledger_; }
  const Senses& senses() const { return senses_; }
  const Json& declarations() const { return declarations_; }
  // Of the last prompt: turns were left out without a summary, and nothing in the conversation tells the user so.
  bool leaves_out_unnoticed() const { return leaves_out_ && !was_told_; }

 private:
  // What of the conversation is told: from this message on, and of the answer from this run on.
  struct Extent {
    std::size_t first_message = 0;
    int first_run = 0;
  };

  std::string system_text() const;
  bool can_read_again() const;
  Retelling retelling(int first_run = 0) const;
  std::size_t first_told() const;
  std::vector<std::size_t> turn_starts() const;
  Json told(const Extent& extent, std::size_t end) const;
  Result<std::vector<PromptPiece>> render_from(const Extent& extent, const Message& answer,
                                               const std::vector<RunOutput>& outputs) const;
  Result<std::int64_t> measure(const Extent& extent, const Message& answer, const std::vector<RunOutput>& outputs);
  Result<std::int64_t> count_fixed(bool with_tools) const;
  Status open_ledger();
  Status leave_results_out(const Message& answer, const std::vector<RunOutput>& outputs);
  Result<Extent> cut(const Message& answer, const std::vector<RunOutput>& outputs);
  PromptOptions prompt_options() const;

  const TurnOptions& options_;
  const Conversation conversation_;
  const TextModel& model_;
  const Json declarations_;
  const Senses senses_;
  ContextLedger ledger_;
  Compaction compaction_;
  std::vector<Message> messages_;  // the conversation up to the question
  int first_run_ = 0;              // of the answer that is told
  std::size_t summary_end_ = 0;    // in messages_, of what a summary is wanted
  bool leaves_out_ = false;
  bool was_told_ = false;
};

// What the user is told when the beginning is left out, or told as a summary.
extern const char* const kLeftOut;
extern const char* const kSummarised;

}  // namespace facet::agent
