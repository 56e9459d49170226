#include "agent/turn_prompt.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "agent/attachment.h"
#include "agent/context_budget.h"

namespace facet::agent {

const char* const kLeftOut =
    "The beginning of this conversation no longer fits into the model's context, so the model does not know it any "
    "more.";
const char* const kSummarised =
    "The conversation has grown long, so the model now knows its beginning as a summary. Everything stays here.";

namespace {

constexpr const char* kSummaryHeading = "What was said before in this conversation, in short:\n";
constexpr const char* kReadAgain = "\nread_earlier shows the messages themselves and results that were left out.";
// A turn that is shorter than this part of the room stays as it was said when what is before it is summarised.
constexpr std::int64_t kRecentPart = 6;
// Less than this part of the room is not worth a summary.
constexpr std::int64_t kSummarisedPart = 4;

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

int last_run_of(const Message& answer) {
  return answer.parts.empty() ? 0 : answer.parts.back().run;
}

// The calls whose results are worth leaving out, oldest first, up to the given run.
void collect_long_results(const Message& message, int end_run, std::vector<CallId>& calls) {
  for (const Part& part : message.parts) {
    const auto* call = std::get_if<CallPart>(&part.content);
    if (call != nullptr && part.run < end_run && is_long_result(call->call)) calls.push_back(call->call.id);
  }
}

// The smallest number from `low` on, below `high`, for which it fits; `high` where there is none. It fits the better
// the larger the number is.
Result<int> first_that_fits(int low, int high, std::int64_t most,
                            const std::function<Result<std::int64_t>(int)>& tokens_with) {
  while (low < high) {
    const int middle = low + (high - low) / 2;
    FACET_ASSIGN_OR_RETURN(const std::int64_t tokens, tokens_with(middle));
    if (tokens <= most) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace

TurnPrompt::TurnPrompt(const TurnOptions& options, const Conversation& conversation, const TextModel& model)
    : options_(options),
      conversation_(conversation),
      model_(model),
      declarations_(options.tools.empty() ? Json() : tool_declarations(options.tools)),
      senses_(senses_of(options, model)) {}

Status TurnPrompt::read_history(const StoreReader& reader, MessageId last) {
  FACET_ASSIGN_OR_RETURN(compaction_, reader.compaction(conversation_.id));
  FACET_ASSIGN_OR_RETURN(std::vector<Message> messages, reader.messages(conversation_.id));
  for (Message& message : messages) {
    if (message.id > last) break;
    append(std::move(message));
  }
  return {};
}

void TurnPrompt::append(Message message) {
  for (const Part& part : message.parts) {
    const auto* notice = std::get_if<NoticePart>(&part.content);
    if (notice != nullptr && notice->text == kLeftOut) was_told_ = true;
  }
  messages_.push_back(std::move(message));
}

// --- what is told -------------------------------------------------------------------------------------------------

bool TurnPrompt::can_read_again() const {
  return std::any_of(options_.tools.begin(), options_.tools.end(),
                     [](const Tool& tool) { return tool.name == kReadEarlier; });
}

std::string TurnPrompt::system_text() const {
  std::string text = with_schema(with_folder(options_.system_prompt, conversation_.folders), options_.answer_schema);
  if (compaction_.summary.empty()) return text;
  if (!text.empty()) text += "\n\n";
  return text + kSummaryHeading + compaction_.summary + (can_read_again() ? kReadAgain : "");
}

Retelling TurnPrompt::retelling(int first_run) const {
  return {compaction_.results_to, first_run, can_read_again()};
}

// What was not stored yet has no number.
std::size_t TurnPrompt::first_told() const {
  const auto first = std::find_if(messages_.begin(), messages_.end(), [&](const Message& message) {
    return message.id == 0 || message.id > compaction_.summarised_to;
  });
  return static_cast<std::size_t>(first - messages_.begin());
}

std::vector<std::size_t> TurnPrompt::turn_starts() const {
  std::vector<std::size_t> starts;
  for (std::size_t index = first_told(); index < messages_.size(); ++index)
    if (messages_[index].role == Role::User || starts.empty()) starts.push_back(index);
  return starts;
}

PromptOptions TurnPrompt::prompt_options() const {
  PromptOptions options;
  options.variant = model_.info().variant;
  options.enable_thinking = conversation_.thinking_tokens > 0 && model_.info().thinks;
  return options;
}

Json TurnPrompt::told(const Extent& extent, std::size_t end) const {
  Json messages = Json::array();
  if (const std::string system = system_text(); !system.empty()) messages.push_back(system_message(system));
  for (std::size_t index = extent.first_message; index < end; ++index)
    append_message(messages, messages_[index], senses_, retelling());
  return messages;
}

Result<std::vector<PromptPiece>> TurnPrompt::render_from(const Extent& extent, const Message& answer,
                                                         const std::vector<RunOutput>& outputs) const {
  const bool leaves_runs_out = extent.first_run > 0 && !messages_.empty();
  Json messages = told(extent, messages_.size() - (leaves_runs_out ? 1 : 0));
  if (leaves_runs_out) {
    Message question = messages_.back();
    question.parts.push_back({.content = TextPart{runs_in_short(answer, retelling(extent.first_run))}});
    append_message(messages, question, senses_, retelling());
  }
  append_message(messages, answer, senses_, retelling(extent.first_run), outputs);
  return render_prompt(messages, declarations_, prompt_options());
}

// --- making room --------------------------------------------------------------------------------------------------

Result<std::int64_t> TurnPrompt::measure(const Extent& extent, const Message& answer,
                                         const std::vector<RunOutput>& outputs) {
  FACET_ASSIGN_OR_RETURN(const auto pieces, render_from(extent, answer, outputs));
  return model_.count_tokens(pieces);
}

Result<std::int64_t> TurnPrompt::count_fixed(bool with_tools) const {
  PromptOptions options = prompt_options();
  options.add_generation_prompt = false;
  FACET_ASSIGN_OR_RETURN(const auto pieces, render_prompt(told({messages_.size(), 0}, messages_.size()),
                                                          with_tools ? declarations_ : Json(), options));
  return model_.count_tokens(pieces);
}

Status TurnPrompt::open_ledger() {
  const std::int64_t context = model_.info().context_length;
  const std::int64_t thoughts = prompt_options().enable_thinking ? conversation_.thinking_tokens : 0;
  ledger_.context = context;
  ledger_.reserve = std::min(options_.limits.run_tokens + thoughts, context / 4);
  FACET_ASSIGN_OR_RETURN(ledger_.system, count_fixed(/*with_tools=*/false));
  FACET_ASSIGN_OR_RETURN(const std::int64_t both, count_fixed(/*with_tools=*/true));
  ledger_.tools = both - ledger_.system;
  return {};
}

Status TurnPrompt::leave_results_out(const Message& answer, const std::vector<RunOutput>& outputs) {
  std::vector<CallId> calls;
  for (std::size_t index = first_told(); index < messages_.size(); ++index)
    collect_long_results(messages_[index], std::numeric_limits<int>::max(), calls);
  collect_long_results(answer, last_run_of(answer), calls);
  std::erase_if(calls, [&](CallId call) { return call <= compaction_.results_to; });
  if (calls.empty()) return {};
  const auto tokens_without = [&](int last) {
    compaction_.results_to = calls[static_cast<std::size_t>(last)];
    return measure({first_told(), 0}, answer, outputs);
  };
  const int most = static_cast<int>(calls.size()) - 1;
  FACET_ASSIGN_OR_RETURN(const int last, first_that_fits(0, most, ledger_.aim(), tokens_without));
  compaction_.results_to = calls[static_cast<std::size_t>(last)];
  return {};
}

// Whole turns where there is no other way, but runs of this one as soon as it is full: there will be more of them. The
// last of each stays.
Result<TurnPrompt::Extent> TurnPrompt::cut(const Message& answer, const std::vector<RunOutput>& outputs) {
  const std::vector<std::size_t> starts = turn_starts();
  Extent extent{first_told(), first_run_};
  const auto tokens_from_turn = [&](int turn) {
    extent.first_message = starts.empty() ? first_told() : starts[static_cast<std::size_t>(turn)];
    return measure(extent, answer, outputs);
  };
  FACET_ASSIGN_OR_RETURN(const int turn,
                         turns_to_leave_out(static_cast<int>(starts.size()), ledger_.budget(), tokens_from_turn));
  leaves_out_ = turn > 0;
  FACET_ASSIGN_OR_RETURN(const std::int64_t tokens, tokens_from_turn(turn));
  if (tokens <= ledger_.full_at()) return extent;
  const auto tokens_from_run = [&](int run) {
    extent.first_run = run;
    return measure(extent, answer, outputs);
  };
  FACET_ASSIGN_OR_RETURN(first_run_, first_that_fits(first_run_, std::max(last_run_of(answer), first_run_),
                                                     ledger_.aim(), tokens_from_run));
  extent.first_run = first_run_;
  return extent;
}

Result<std::vector<PromptPiece>> TurnPrompt::render(const Message& answer, const std::vector<RunOutput>& outputs) {
  const Extent whole{first_told(), first_run_};
  if (model_.info().context_length <= 0) return render_from(whole, answer, outputs);
  FACET_RETURN_IF_ERROR(open_ledger());
  FACET_ASSIGN_OR_RETURN(const std::int64_t tokens, measure(whole, answer, outputs));
  leaves_out_ = false;
  if (tokens <= ledger_.full_at()) return render_from(whole, answer, outputs);
  FACET_RETURN_IF_ERROR(leave_results_out(answer, outputs));
  FACET_ASSIGN_OR_RETURN(const Extent extent, cut(answer, outputs));
  return render_from(extent, answer, outputs);
}

// --- a summary ----------------------------------------------------------------------------------------------------

Result<bool> TurnPrompt::wants_summary() {
  if (model_.info().context_length <= 0 || messages_.empty()) return false;
  FACET_RETURN_IF_ERROR(open_ledger());
  Message nothing;
  nothing.role = Role::Assistant;
  const auto tokens = [&] { return measure({first_told(), 0}, nothing, {}); };
  FACET_ASSIGN_OR_RETURN(const std::int64_t before, tokens());
  if (before <= ledger_.full_at()) return false;
  FACET_RETURN_IF_ERROR(leave_results_out(nothing, {}));
  FACET_ASSIGN_OR_RETURN(const std::int64_t now, tokens());
  if (now <= ledger_.full_at()) return false;
  // The question itself can not be summarised.
  const std::vector<std::size_t> starts = turn_starts();
  if (starts.size() < 2) return false;
  FACET_ASSIGN_OR_RETURN(const std::int64_t question, measure({starts.back(), 0}, nothing, {}));
  if ((now - question) * kSummarisedPart < ledger_.for_conversation()) return false;
  FACET_ASSIGN_OR_RETURN(const std::int64_t recent, measure({starts[starts.size() - 2], 0}, nothing, {}));
  const bool keeps_recent = starts.size() > 2 && (recent - question) * kRecentPart <= ledger_.for_conversation();
  summary_end_ = keeps_recent ? starts[starts.size() - 2] : starts.back();
  return true;
}

MessageId TurnPrompt::summary_end() const {
  return summary_end_ == 0 ? 0 : messages_[summary_end_ - 1].id;
}

Result<std::vector<PromptPiece>> TurnPrompt::render_summary_request(std::int64_t room) {
  std::vector<std::size_t> starts = turn_starts();
  std::erase_if(starts, [&](std::size_t start) { return start >= summary_end_; });
  const std::string request =
      "Write a summary of this conversation so far, in at most " + std::to_string(room * 2 / 3) +
      " words. It is for yourself: what was said will no longer be in front of you. Keep what is needed to go on: what "
      "the user wants, what was decided, facts with their sources (files, names, numbers), what was done, and what is "
      "still open. Write the summary alone.";
  const auto render_from_turn = [&](int turn) {
    Json messages = told({starts[static_cast<std::size_t>(turn)], 0}, summary_end_);
    messages.push_back({{"role", "user"}, {"content", request}});
    return render_prompt(messages, declarations_, prompt_options());
  };
  const auto tokens_from = [&](int turn) -> Result<std::int64_t> {
    FACET_ASSIGN_OR_RETURN(const auto pieces, render_from_turn(turn));
    return model_.count_tokens(pieces);
  };
  FACET_ASSIGN_OR_RETURN(const int turn,
                         turns_to_leave_out(static_cast<int>(starts.size()), ledger_.context - room - 1, tokens_from));
  return render_from_turn(turn);
}

void TurnPrompt::summarise(std::string summary) {
  compaction_.summarised_to = summary_end();
  compaction_.summary = std::move(summary);
}

}  // namespace facet::agent
