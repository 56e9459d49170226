#include "agent/turn_prompt.h"

#include <algorithm>
#include <utility>

#include "agent/attachment.h"
#include "agent/context_budget.h"
#include "agent/prompt/prompt.h"

namespace facet::agent {

const char* const kLeftOut =
    "The beginning of this conversation no longer fits into the model's context, so the model does not know it any "
    "more.";

namespace {

std::string with_folder(std::string prompt, const std::vector<std::string>& folders) {
  constexpr std::string_view kPlace = "{folder}";
  const std::string folder = folders.empty() ? "none" : folders.front();
  for (std::size_t at = prompt.find(kPlace); at != std::string::npos; at = prompt.find(kPlace, at + folder.size()))
    prompt.replace(at, kPlace.size(), folder);
  return prompt;
}

// A grammar holds an answer to its form; the model has to know it, too.
std::string with_schema(std::string prompt, const std::optional<Json>& schema) {
  if (!schema) return prompt;
  if (!prompt.empty()) prompt += "\n\n";
  return prompt + "Answer with JSON alone, without a code fence, that fits this JSON schema:\n" +
         schema->dump(-1, ' ', false, Json::error_handler_t::replace);
}

Senses senses_of(const TurnOptions& options, const TextModel& model) {
  if (options.attachments == nullptr) return {};
  const AttachmentFolder& folder = options.attachments->folder();
  return {model.info().sees, model.info().hears, [&folder](const AttachmentPart& file) { return folder.find(file); }};
}

}  // namespace

TurnPrompt::TurnPrompt(const TurnOptions& options, const std::vector<std::string>& folders, const TextModel& model)
    : options_(options),
      folders_(folders),
      model_(model),
      declarations_(options.tools.empty() ? Json() : tool_declarations(options.tools)),
      senses_(senses_of(options, model)) {}

Status TurnPrompt::read_history(const StoreReader& reader, ConversationId conversation, MessageId last) {
  FACET_ASSIGN_OR_RETURN(const std::vector<Message> messages, reader.messages(conversation));
  for (const Message& message : messages) {
    if (message.id > last) break;
    append(message);
  }
  return {};
}

void TurnPrompt::append(const Message& message) {
  if (message.role == Role::User || turns_.empty()) turns_.push_back(Json::array());
  append_message(turns_.back(), message, senses_);
  for (const Part& part : message.parts) {
    const auto* notice = std::get_if<NoticePart>(&part.content);
    if (notice != nullptr && notice->text == kLeftOut) was_told_ = true;
  }
}

// The prompt that begins with the given turn of the conversation.
Result<std::vector<PromptPiece>> TurnPrompt::render_from(int first, const Message& answer,
                                                         const std::vector<RunOutput>& outputs) const {
  Json messages = Json::array();
  const std::string system = with_schema(with_folder(options_.system_prompt, folders_), options_.answer_schema);
  if (!system.empty()) messages.push_back(system_message(system));
  for (auto turn = turns_.begin() + first; turn != turns_.end(); ++turn)
    messages.insert(messages.end(), turn->begin(), turn->end());
  append_message(messages, answer, senses_, outputs);
  PromptOptions options;
  options.variant = model_.info().variant;
  return render_prompt(messages, declarations_, options);
}

Result<std::vector<PromptPiece>> TurnPrompt::render(const Message& answer, const std::vector<RunOutput>& outputs) {
  const std::int64_t context = model_.info().context_length;
  if (context <= 0) return render_from(0, answer, outputs);  // not known: the model says when it is full
  const std::int64_t budget = context - std::min(options_.max_tokens, context / 4);
  const auto tokens_from = [&](int first) -> Result<std::int64_t> {
    FACET_ASSIGN_OR_RETURN(const auto pieces, render_from(first, answer, outputs));
    return model_.count_tokens(pieces);
  };
  FACET_ASSIGN_OR_RETURN(const int first, turns_to_leave_out(static_cast<int>(turns_.size()), budget, tokens_from));
  leaves_out_ = first > 0;
  return render_from(first, answer, outputs);
}

}  // namespace facet::agent
