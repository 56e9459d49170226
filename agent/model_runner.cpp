#include "agent/model_runner.h"

#include <random>
#include <utility>

#include "agent/prompt/prompt.h"
#include "engine/base/sha256.h"

namespace facet::agent {

namespace {

constexpr std::string_view kThoughtOpening = "<|channel>thought\n";

std::string_view reason_name(GenerateOutcome::Reason reason) {
  switch (reason) {
    case GenerateOutcome::Reason::EndOfTurn:
      return "end_of_turn";
    case GenerateOutcome::Reason::ToolResponse:
      return "tool_response";
    case GenerateOutcome::Reason::Length:
      return "length";
    case GenerateOutcome::Reason::ContextFull:
      return "context_full";
    case GenerateOutcome::Reason::Stopped:
      return "stopped";
    case GenerateOutcome::Reason::Failed:
      return "failed";
  }
  return {};
}

bool is_complete(GenerateOutcome::Reason reason) {
  return reason == GenerateOutcome::Reason::EndOfTurn || reason == GenerateOutcome::Reason::ToolResponse;
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

}  // namespace

std::uint64_t draw_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

ModelRunner::ModelRunner(const Message& answer, Store& store, TextModel& model, const TurnOptions& options,
                         const TurnHooks& hooks, PartWriter& writer)
    : answer_(answer), store_(store), model_(model), options_(options), hooks_(hooks), writer_(writer) {}

Result<Reply> ModelRunner::run(const TurnPrompt& prompt, std::vector<PromptPiece> pieces, std::int64_t thinking_tokens,
                               const std::function<bool()>& is_late, std::stop_token stop) {
  const GenerateRequest request{.conversation = answer_.conversation,
                                .prompt = std::move(pieces),
                                .sampling = options_.sampling,
                                .seed = options_.seed ? *options_.seed : draw_seed(),
                                .max_tokens = options_.limits.run_tokens + thinking_tokens,
                                .grammar = options_.grammar,
                                .thinking_tokens = thinking_tokens};
  const std::string text = prompt_text(request.prompt);
  const auto start = text.ends_with(kThoughtOpening) ? ReplyParser::Start::Thought : ReplyParser::Start::Content;

  said_ = {};
  Reply reply;
  FACET_RETURN_IF_ERROR(stream(request, ReplyParser(start, prompt.declarations()), is_late, std::move(stop), reply));
  FACET_RETURN_IF_ERROR(writer_.close_text());
  FACET_RETURN_IF_ERROR(store_.add_step(step_of(request, text, reply.outcome)));
  if (const std::int64_t used = reply.outcome.prompt_tokens; used > 0)
    hooks_.send(ContextChanged{.conversation = answer_.conversation,
                               .used_tokens = used + static_cast<std::int64_t>(reply.outcome.tokens.size()),
                               .context_length = model_.info().context_length,
                               .system_tokens = prompt.ledger().system,
                               .tool_tokens = prompt.ledger().tools,
                               .reserved_tokens = prompt.ledger().reserve});
  return reply;
}

// A failing store stops the model.
Status ModelRunner::stream(const GenerateRequest& request, ReplyParser parser, const std::function<bool()>& is_late,
                           std::stop_token stop, Reply& reply) {
  Status stored;
  std::stop_source halt;
  const std::stop_callback forward(stop, [&] { halt.request_stop(); });
  const auto take_all = [&](const std::vector<ReplyEvent>& events) {
    for (const ReplyEvent& event : events)
      if (stored.ok()) stored = take(event, reply);
    if (!stored.ok() || reply.is_endless) halt.request_stop();
  };
  const auto serve = [&] {
    hooks_.serve();
    if (is_late()) halt.request_stop();
  };
  GenerateCallbacks callbacks;
  callbacks.piece = [&](const ReplyPiece& piece) {
    take_all(parser.push(piece));
    serve();
  };
  callbacks.prompt_progress = [&](std::int64_t done, std::int64_t total) {
    hooks_.send(PromptProgress{answer_.conversation, done, total});
    serve();
  };
  callbacks.media_progress = [&](std::int64_t done, std::int64_t total) {
    hooks_.send(MediaProgress{answer_.conversation, done, total});
    serve();
  };
  reply.outcome = model_.generate(request, callbacks, halt.get_token());
  take_all(parser.finish(is_complete(reply.outcome.reason) ? ReplyParser::End::Stop : ReplyParser::End::Length));
  return stored;
}

Status ModelRunner::take(const ReplyEvent& event, Reply& reply) {
  if (const auto* text = std::get_if<ReplyText>(&event)) {
    if (!is_blank(text->text)) reply.has_text = true;
    reply.is_endless = reply.is_endless || said_.add(text->text);
    return writer_.append_text(text->text);
  }
  if (const auto* thought = std::get_if<ReplyThought>(&event)) {
    reply.is_endless = reply.is_endless || said_.add(thought->text);
    return writer_.append_thought(thought->text);
  }
  reply.calls.push_back(std::get<ParsedCall>(event));
  return {};
}

Step ModelRunner::step_of(const GenerateRequest& request, const std::string& prompt,
                          const GenerateOutcome& outcome) const {
  Step step;
  step.message = answer_.id;
  step.model = model_.info().name;
  step.backend = model_.info().device;
  step.seed = request.seed;
  step.sampling_json = outcome.sampling_json;
  step.prompt_sha256 = sha256_hex(prompt);
  step.prompt_tokens = outcome.prompt_tokens;
  step.cached_tokens = outcome.cached_tokens;
  step.completion_tokens = static_cast<std::int64_t>(outcome.tokens.size());
  step.prefill_ms = outcome.prefill_ms;
  step.decode_ms = outcome.decode_ms;
  step.finish_reason = reason_name(outcome.reason);
  step.thinking_tokens = request.thinking_tokens;
  step.tokens = outcome.tokens;
  return step;
}

}  // namespace facet::agent
