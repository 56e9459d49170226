#include "agent/local_model_reply.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/prompt/markers.h"

namespace facet::agent {
namespace {

using engine::Token;
using Reason = GenerateOutcome::Reason;

std::string to_json(const engine::Sampling& sampling) {
  const nlohmann::json json = {{"temperature", sampling.temperature},
                               {"top_k", sampling.top_k},
                               {"top_p", sampling.top_p},
                               {"min_p", sampling.min_p},
                               {"repetition_penalty", sampling.repetition_penalty},
                               {"repetition_window", sampling.repetition_window}};
  return json.dump();
}

engine::Sampling with_overrides(engine::Sampling sampling, const SamplingOverrides& overrides, std::uint64_t seed) {
  sampling.temperature = overrides.temperature.value_or(sampling.temperature);
  sampling.top_k = overrides.top_k.value_or(sampling.top_k);
  sampling.top_p = overrides.top_p.value_or(sampling.top_p);
  sampling.min_p = overrides.min_p.value_or(sampling.min_p);
  sampling.repetition_penalty = overrides.repetition_penalty.value_or(sampling.repetition_penalty);
  sampling.seed = seed;
  return sampling;
}

engine::Sampling sampling_of(const engine::Engine& engine, const GenerateRequest& request, GenerateOutcome& outcome) {
  const engine::Sampling sampling = with_overrides(engine.default_sampling(), request.sampling, request.seed);
  outcome.sampling_json = to_json(sampling);
  return sampling;
}

}  // namespace

LocalModelReply::LocalModelReply(const engine::Engine& engine, const GenerateRequest& request,
                                 const GenerateCallbacks& callbacks, GenerateOutcome& outcome,
                                 LocalModelGrammar* grammar)
    : engine_(engine),
      callbacks_(callbacks),
      outcome_(outcome),
      max_tokens_(request.max_tokens),
      sampler_(sampling_of(engine, request, outcome), engine.tokenizer().suppressed()),
      decoder_(engine.tokenizer()) {
  if (grammar == nullptr) return;
  rules_.emplace(*grammar, request.prompt, max_tokens_, request.thinking_tokens);
  sampler_.bar(rules_->barred(max_tokens_));
}

std::size_t LocalModelReply::candidates() const {
  return rules_ && rules_->is_masked() ? 0 : sampler_.candidates_needed();
}

std::int64_t LocalModelReply::room(const engine::Sequence& sequence) const {
  // The last token that is said need not be evaluated.
  const std::int64_t context = static_cast<std::int64_t>(engine_.context_length()) + 1;
  return std::min(max_tokens_ - static_cast<std::int64_t>(outcome_.tokens.size()),
                  context - static_cast<std::int64_t>(sequence.tokens().size()));
}

void LocalModelReply::speak(engine::Sequence& sequence, const std::stop_token& stop) {
  const auto begin = std::chrono::steady_clock::now();
  const auto problem = rules_ ? rules_->problem(room(sequence)) : std::nullopt;
  if (problem) {
    outcome_.reason = Reason::Failed;
    outcome_.error = *problem;
  } else {
    if (rules_) sampler_.bar(rules_->barred(room(sequence)));
    decode(sequence, stop);
  }
  say_text(decoder_.flush());
  outcome_.decode_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
}

void LocalModelReply::decode(engine::Sequence& sequence, const std::stop_token& stop) {
  const engine::Tokenizer& tokenizer = engine_.tokenizer();
  while (static_cast<std::int64_t>(outcome_.tokens.size()) < max_tokens_) {
    if (stop.stop_requested()) {
      outcome_.reason = Reason::Stopped;
      return;
    }
    const std::optional<Token> token = choose(sequence);
    if (!token) {
      outcome_.reason = Reason::Failed;
      outcome_.error = "The vocabulary of the model has no token that may come next.";
      return;
    }
    say(*token);
    if (tokenizer.ends_generation(*token)) {
      outcome_.reason = *token == marker_id(Marker::ToolResponseOpen) ? Reason::ToolResponse : Reason::EndOfTurn;
      return;
    }
    if (static_cast<std::int64_t>(outcome_.tokens.size()) == max_tokens_) break;
    if (sequence.tokens().size() >= engine_.context_length()) {
      outcome_.reason = Reason::ContextFull;
      outcome_.error = "The answer was cut off because the context of " + std::to_string(engine_.context_length()) +
                       " tokens is full; begin a new conversation.";
      return;
    }
    if (rules_) sampler_.bar(rules_->barred(room(sequence) - 1));
    if (const Status appended = sequence.append(*token, candidates()); !appended.ok()) {
      outcome_.reason = Reason::Failed;
      outcome_.error = appended.error().message;
      return;
    }
  }
  outcome_.reason = Reason::Length;
}

std::optional<Token> LocalModelReply::choose(engine::Sequence& sequence) {
  if (rules_ && rules_->is_masked()) return rules_->choose(sampler_, sequence.last_logits(), room(sequence));
  const auto history = in_call_ ? std::span<const Token>() : sequence.tokens();
  // Where few logits decide, the others never leave the device.
  if (sampler_.candidates_needed() > 0) {
    candidates_.assign(sequence.candidates().begin(), sequence.candidates().end());
    return sampler_.sample_from(candidates_, history, &engine_.tokenizer());
  }
  logits_.assign(sequence.last_logits().begin(), sequence.last_logits().end());
  return sampler_.sample(logits_, history, &engine_.tokenizer());
}

// Sampled tokens become the pieces of a reply, and what was said is kept.
void LocalModelReply::say(Token token) {
  const engine::Tokenizer& tokenizer = engine_.tokenizer();
  outcome_.tokens.push_back(token);
  if (rules_) rules_->take(token);
  say_text(decoder_.push(token));
  if (tokenizer.kind(token) != engine::Tokenizer::Kind::Marker) return;
  outcome_.text += tokenizer.spelling(token);
  const std::optional<Marker> marker = marker_of_id(token);
  if (marker == Marker::ToolCallOpen) in_call_ = true;
  if (marker == Marker::ToolCallClose) in_call_ = false;
  if (marker && callbacks_.piece) callbacks_.piece(*marker);
}

void LocalModelReply::say_text(std::string text) {
  if (text.empty()) return;
  outcome_.text += text;
  if (callbacks_.piece) callbacks_.piece(std::move(text));
}

void set_failure(const Error& error, GenerateOutcome& outcome) {
  const bool stopped = error.code == Error::Code::Stopped;
  outcome.reason = stopped ? Reason::Stopped : Reason::Failed;
  outcome.error = stopped ? "" : error.message;
}

}  // namespace facet::agent
