#include "agent/unsent_prompt.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "agent/attachment.h"
#include "agent/turn_prompt.h"
#include "agent/utf8.h"

namespace facet::agent {

namespace {

// The message as the turn would store it. What stands against sending it is said when it is sent.
Message message_of(const UserTurn& question, Attachments& attachments) {
  Message message;
  message.role = Role::User;
  for (const std::string& path : question.attachments)
    if (auto file = attachments.glance(path, budget_of(question, path)); file.ok())
      message.parts.push_back({.content = std::move(*file)});
  if (!question.text.empty()) message.parts.push_back({.content = TextPart{to_utf8(question.text)}});
  return message;
}

// What both prompts begin with. The template's own text may be common in part.
std::vector<PromptPiece> common_beginning(const std::vector<PromptPiece>& one, const std::vector<PromptPiece>& other) {
  const auto [end, other_end] = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  std::vector<PromptPiece> common(one.begin(), end);
  const auto is_template = [](const PromptPiece& piece) { return piece.kind == PromptPiece::Kind::Template; };
  if (end != one.end() && other_end != other.end() && is_template(*end) && is_template(*other_end)) {
    const auto differs =
        std::mismatch(end->text.begin(), end->text.end(), other_end->text.begin(), other_end->text.end()).first;
    if (differs != end->text.begin())
      common.push_back({.kind = end->kind, .text = std::string(end->text.begin(), differs), .tokens = {}});
  }
  return common;
}

}  // namespace

std::optional<UnsentPrompt> render_unsent(const UserTurn& question, const StoreReader& reader, const TextModel& model,
                                          const TurnOptions& options) {
  Conversation conversation;
  conversation.folders = question.folders;
  conversation.thinking_tokens = question.thinking_tokens;
  if (question.conversation != 0) {
    const auto known = reader.conversation(question.conversation);
    if (!known.ok() || !*known) return std::nullopt;
    conversation = **known;
  }
  TurnPrompt prompt(options, conversation, model);
  constexpr MessageId kAll = std::numeric_limits<MessageId>::max();
  if (question.conversation != 0 && !prompt.read_history(reader, kAll).ok()) return std::nullopt;
  Message answer;
  answer.role = Role::Assistant;
  const auto without = prompt.render(answer, {});
  Attachments plain;
  prompt.append(message_of(question, options.attachments != nullptr ? *options.attachments : plain));
  auto whole = prompt.render(answer, {});
  if (!without.ok() || !whole.ok()) return std::nullopt;
  std::vector<PromptPiece> beginning = common_beginning(*whole, *without);
  return UnsentPrompt{std::move(*whole), std::move(beginning)};
}

}  // namespace facet::agent
