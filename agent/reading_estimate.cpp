#include "agent/reading_estimate.h"

#include <limits>

#include "agent/attachment.h"
#include "agent/turn_prompt.h"
#include "agent/utf8.h"

namespace facet::agent {

namespace {

// The message as the turn would store it. What stands against sending it is said when it is sent.
Message message_of(const UserTurn& question) {
  Message message;
  message.role = Role::User;
  for (const std::string& path : question.attachments)
    if (auto file = glance_at_attachment(path); file.ok()) message.parts.push_back({.content = std::move(*file)});
  if (!question.text.empty()) message.parts.push_back({.content = TextPart{to_utf8(question.text)}});
  return message;
}

}  // namespace

std::optional<ReadingEstimate> estimate_reading(const UserTurn& question, const StoreReader& reader,
                                                const TextModel& model, const TurnOptions& options) {
  std::vector<std::string> folders = question.folders;
  if (question.conversation != 0) {
    const auto conversation = reader.conversation(question.conversation);
    if (!conversation.ok() || !*conversation) return std::nullopt;
    folders = (*conversation)->folders;
  }
  TurnPrompt prompt(options, folders, model);
  constexpr MessageId kAll = std::numeric_limits<MessageId>::max();
  if (question.conversation != 0 && !prompt.read_history(reader, question.conversation, kAll).ok()) return std::nullopt;
  prompt.append(message_of(question));
  Message answer;
  answer.role = Role::Assistant;
  const auto pieces = prompt.render(answer, {});
  return pieces.ok() ? model.estimate_reading(question.conversation, *pieces) : std::nullopt;
}

}  // namespace facet::agent
