#include <algorithm>
#include <filesystem>

#include "agent/attachment.h"
#include "agent/plan.h"
#include "agent/turn.h"
#include "agent/utf8.h"

namespace facet::agent {

namespace {

struct Question {
  std::vector<PartContent> parts;
  std::string problem;
};

Question read_question(const UserTurn& asked, Attachments& attachments, const std::stop_token& stop) {
  Question question;
  for (const std::string& path : asked.attachments) {
    Result<AttachmentPart> file = attachments.read(path, budget_of(asked, path), stop);
    if (file.ok()) {
      question.parts.emplace_back(std::move(*file));
    } else {
      question.problem = file.error().message;
    }
  }
  if (!asked.text.empty()) question.parts.emplace_back(TextPart{to_utf8(asked.text)});
  return question;
}

std::string title_for(const UserTurn& asked) {
  std::string title = title_of(to_utf8(asked.text));
  if (title.empty() && !asked.attachments.empty())
    title = to_utf8(std::filesystem::path(asked.attachments.front()).filename().string());
  return title;
}

Result<Conversation> conversation_for(Store& store, const StoreReader& reader, const UserTurn& asked) {
  if (asked.conversation == 0) {
    FACET_ASSIGN_OR_RETURN(Conversation made, store.create_conversation(title_for(asked), "", asked.folders));
    made.thinking_tokens = std::max<std::int64_t>(asked.thinking_tokens, 0);
    if (made.thinking_tokens > 0) FACET_RETURN_IF_ERROR(store.set_thinking(made.id, made.thinking_tokens));
    return made;
  }
  FACET_ASSIGN_OR_RETURN(std::optional<Conversation> known, reader.conversation(asked.conversation));
  if (!known) return Error{Error::Code::NotFound, "The conversation does not exist any more."};
  return *std::move(known);
}

// What the user has changed in the plan stands in the question, where they see it as well.
Status tell_plan(Store& store, const StoreReader& reader, const Conversation& conversation, Question& question) {
  FACET_ASSIGN_OR_RETURN(const bool is_news, reader.plan_is_news(conversation.id));
  if (!is_news) return {};
  question.parts.emplace_back(TextPart{plan_news(conversation.plan, "I have")});
  return store.settle_plan(conversation.id);
}

}  // namespace

Result<Turn> begin_turn(Store& store, const StoreReader& reader, const UserTurn& asked, Attachments* attachments,
                        std::stop_token stop) {
  if (title_for(asked).empty()) return Error{Error::Code::InvalidInput, "There is nothing to send."};
  Attachments plain;
  Question question = read_question(asked, attachments != nullptr ? *attachments : plain, stop);
  FACET_ASSIGN_OR_RETURN(Conversation conversation, conversation_for(store, reader, asked));
  FACET_RETURN_IF_ERROR(tell_plan(store, reader, conversation, question));
  Result<Message> user = store.add_user_message(conversation.id, std::move(question.parts));
  if (!user.ok()) {
    // No empty conversation is left behind; if even that fails there is nothing more to be said than the error.
    if (asked.conversation == 0) (void)store.remove_conversation(conversation.id);
    return user.error();
  }
  FACET_ASSIGN_OR_RETURN(Message assistant, store.begin_assistant_message(conversation.id));
  return Turn{std::move(conversation), std::move(*user), std::move(assistant), std::move(question.problem)};
}

}  // namespace facet::agent
