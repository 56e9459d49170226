#pragma once

#include <vector>

#include "agent/prompt/conversation.h"
#include "agent/prompt/generated.h"
#include "agent/prompt/piece_writer.h"

namespace facet::agent {

// One run of the chat template over a conversation.
class TemplateRenderer {
 public:
  TemplateRenderer(const Json& messages, const Json& tools, const PromptOptions& options)
      : messages_(messages), tools_(tools), options_(options) {}

  Result<std::vector<PromptPiece>> render();

 private:
  // Where the text written last leaves the conversation.
  enum class At {
    TurnEnd,  // or nothing but the system turn
    OpenTurn,
    Result,
    OpenResponse,  // `<|tool_response>` of a call that nobody has answered
  };

  bool repaired() const { return options_.mode == PromptOptions::Mode::Repaired; }
  bool keeps_thought(const TemplateMessage& message) const;

  Status write_system_turn(const TemplateConversation& conversation);
  Status write_message(const TemplateMessage& message, const TemplateMessage* next);
  Status write_from_fields(const TemplateMessage& message, const TemplateMessage* next);
  Result<bool> write_content(const TemplateMessage& message);
  Result<bool> write_content_parts(const TemplateMessage& message, const Json& parts);
  void write_header(const TemplateMessage& message);
  void write_thought(const TemplateMessage& message);
  void write_calls(const TemplateMessage& message);
  Status write_results(const TemplateMessage& message, bool first_is_open);
  Status write_result(const CallResult& result);
  void end_message(const TemplateMessage& message, const TemplateMessage* next, bool visible_content);

  Result<bool> write_generated(const TemplateMessage& message, const TemplateMessage* next);
  Status end_generated(const TemplateMessage& message, const TemplateMessage* next, Generated generated);
  void write_generation_prompt();

  const Json& messages_;
  const Json& tools_;
  const PromptOptions& options_;
  PieceWriter out_;
  At at_ = At::TurnEnd;
};

}  // namespace facet::agent
