#include "agent/summary.h"

#include <algorithm>
#include <utility>

#include "agent/grammar/reply_grammar.h"
#include "agent/prompt/reply_parser.h"
#include "agent/utf8.h"

namespace facet::agent {
namespace {

// A thought that the model begins although nobody asked for one.
constexpr std::int64_t kThoughtTokens = 16;
constexpr std::size_t kQuestionBytes = 160;

// Nothing can be called.
std::shared_ptr<const ReplyGrammar> plain_text() {
  static const auto kGrammar = std::make_shared<const ReplyGrammar>();
  return kGrammar;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
}

}  // namespace

Result<std::string> write_summary(TextModel& model, ConversationId conversation, std::vector<PromptPiece> request,
                                  std::int64_t room, std::uint64_t seed,
                                  const std::function<void(std::int64_t done)>& progress, std::stop_token stop) {
  GenerateRequest generate{.conversation = conversation,
                           .prompt = std::move(request),
                           .sampling = {},
                           .seed = seed,
                           .max_tokens = room,
                           .grammar = plain_text(),
                           .thinking_tokens = kThoughtTokens};
  generate.sampling.temperature = 0.0F;
  std::string summary;
  ReplyParser parser(start_after(generate.prompt), /*declarations=*/nullptr);
  const auto take = [&](const std::vector<ReplyEvent>& events) {
    for (const ReplyEvent& event : events)
      if (const auto* text = std::get_if<ReplyText>(&event)) summary += text->text;
  };
  GenerateCallbacks callbacks;
  callbacks.piece = [&, done = std::int64_t{0}](const ReplyPiece& piece) mutable {
    take(parser.push(piece));
    progress(++done);
  };
  callbacks.prompt_progress = [&](std::int64_t, std::int64_t) { progress(0); };
  const GenerateOutcome outcome = model.generate(generate, callbacks, std::move(stop));
  const bool is_cut = outcome.reason == GenerateOutcome::Reason::Length;
  if (outcome.reason == GenerateOutcome::Reason::Stopped) return Error{Error::Code::Stopped, "stopped"};
  if (outcome.reason != GenerateOutcome::Reason::EndOfTurn && !is_cut)
    return Error{Error::Code::Internal, outcome.error.empty() ? "The model wrote no summary." : outcome.error};
  take(parser.finish(is_cut ? ReplyParser::End::Length : ReplyParser::End::Stop));
  summary = trimmed(summary);
  if (summary.empty()) return Error{Error::Code::Internal, "The model wrote no summary."};
  return summary;
}

std::string list_questions(const std::vector<Message>& messages, const Compaction& before, MessageId end,
                           std::size_t most_bytes) {
  std::vector<std::string> lines;
  for (const Message& message : messages) {
    if (message.id <= before.summarised_to || message.id > end || message.role != Role::User) continue;
    for (const Part& part : message.parts)
      if (const auto* text = std::get_if<TextPart>(&part.content))
        lines.push_back("- " + in_one_line(text->text, kQuestionBytes) + "\n");
  }
  std::string text = before.summary.empty() ? "The user asked:\n" : before.summary + "\n";
  for (const std::string& line : lines)
    text += line;
  if (text.size() <= most_bytes) return trimmed(text);
  // Whole lines, the newest.
  const std::size_t begin = text.find('\n', text.size() - most_bytes);
  return "...\n" + trimmed(begin == std::string::npos ? "" : text.substr(begin));
}

}  // namespace facet::agent
