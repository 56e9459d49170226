#include "agent/local_model_rules.h"

#include <algorithm>
#include <string>

#include "agent/prompt/markers.h"
#include "agent/prompt/reply_parser.h"
#include "agent/prompt/text_rules.h"

namespace facet::agent {
namespace {

using engine::Token;
using engine::TokenMask;
using engine::TokenMatcher;

// More thoughts in a row are a loop.
constexpr int kMostThoughts = 3;
// Of a thought in front of an answer of a form: its beginning, its header and its end.
constexpr std::int64_t kThoughtTokens = 16;

bool opens_call(const std::vector<PromptPiece>& prompt) {
  if (prompt.empty()) return false;
  const PromptPiece& last = prompt.back();
  if (last.kind == PromptPiece::Kind::Tokens && !last.tokens.empty())
    return last.tokens.back() == marker_id(Marker::ToolCallOpen);
  return last.kind == PromptPiece::Kind::Template && last.text.ends_with(marker_text(Marker::ToolCallOpen));
}

}  // namespace

ReplyRules::ReplyRules(LocalModelGrammar& grammar, const std::vector<PromptPiece>& prompt, std::int64_t room,
                       std::int64_t thinking_tokens)
    : grammar_(grammar), most_thought_(thinking_tokens) {
  if (auto* call = grammar_.call()) shortest_call_ = call->distance(call->start());
  if (auto* answer = grammar_.answer()) {
    phase_ = Phase::Answer;
    state_ = answer->start();
    shortest_answer_ = answer->distance(state_);
  }
  if (start_after(prompt) == ReplyParser::Start::Thought) {
    phase_ = Phase::Thought;
    thoughts_ = 1;
  } else if (opens_call(prompt) && has_room_for_call(room + 1)) {
    begin_call();
  }
}

std::optional<std::string> ReplyRules::problem(std::int64_t room) const {
  if (grammar_.answer() == nullptr || std::int64_t{shortest_answer_} + 1 <= room) return std::nullopt;
  return "An answer of this form may take " + std::to_string(shortest_answer_ + 1) + " tokens, and there is room for " +
         std::to_string(room) + ".";
}

// With the marker in front of it and the token that ends the reply behind it.
bool ReplyRules::has_room_for_call(std::int64_t room) const {
  return grammar_.call() != nullptr && std::int64_t{shortest_call_} + 2 <= room;
}

bool ReplyRules::has_room_for_thought(std::int64_t room) const {
  return thoughts_ < kMostThoughts && !has_thought_enough() && std::int64_t{shortest_answer_} + kThoughtTokens <= room;
}

bool ReplyRules::is_masked() const {
  if (phase_ == Phase::Text) return false;
  return phase_ != Phase::Thought || grammar_.answer() != nullptr || has_thought_enough();
}

std::span<const Token> ReplyRules::barred(std::int64_t room) {
  barred_.clear();
  if (is_masked()) return barred_;
  for (const Marker marker : kAllMarkers)
    barred_.push_back(marker_id(marker));
  const auto allow = [&](Marker marker) { std::erase(barred_, marker_id(marker)); };
  if (phase_ == Phase::Thought) {
    allow(Marker::ChannelClose);
  } else {
    if (has_room_for_call(room)) allow(Marker::ToolCallOpen);
    if (!has_said_ && has_room_for_thought(room)) allow(Marker::ChannelOpen);
  }
  const bool may_end = phase_ == Phase::Text && has_said_;
  for (const Token token : grammar_.endings()) {
    if (may_end) {
      std::erase(barred_, token);
    } else {
      barred_.push_back(token);
    }
  }
  return barred_;
}

TokenMatcher* ReplyRules::matcher() {
  switch (phase_) {
    case Phase::Header:
      return &grammar_.header();
    case Phase::Answer:
      return grammar_.answer();
    case Phase::Call:
      return grammar_.call();
    case Phase::Text:
    case Phase::Thought:
    case Phase::BehindCall:
      break;
  }
  return nullptr;
}

const TokenMask& ReplyRules::mask(std::int64_t room) {
  if (phase_ == Phase::Call || phase_ == Phase::Header) return matcher()->mask(state_);
  mask_ = TokenMask(static_cast<std::size_t>(grammar_.tokenizer().vocabulary_size()));
  if (phase_ == Phase::BehindCall) {
    if (has_room_for_call(room)) mask_.add(marker_id(Marker::ToolCallOpen));
    mask_.add(marker_id(Marker::ToolResponseOpen));
    add_endings();
  } else if (phase_ == Phase::Thought) {
    mask_.add(marker_id(Marker::ChannelClose));
    if (std::int64_t{shortest_answer_} + 2 < room && !has_thought_enough()) mask_.add(grammar_.text());
  } else if (phase_ == Phase::Answer) {
    mask_.add(matcher()->mask(state_));
    add_beginnings(room);
    if (matcher()->may_end(state_)) add_endings();
  }
  return mask_;
}

// What may come instead of an answer, or before it.
void ReplyRules::add_beginnings(std::int64_t room) {
  if (has_said_) return;
  if (has_room_for_call(room)) mask_.add(marker_id(Marker::ToolCallOpen));
  if (has_room_for_thought(room)) mask_.add(marker_id(Marker::ChannelOpen));
}

void ReplyRules::add_endings() {
  for (const Token token : grammar_.endings())
    mask_.add(token);
}

bool ReplyRules::leaves_room(Token token, std::int64_t room) {
  if (phase_ != Phase::Call && phase_ != Phase::Answer) return true;
  const TokenMatcher::State next = after(token);
  // What is none of the grammar was allowed beside it.
  if (next.empty()) return true;
  return std::int64_t{matcher()->distance(next)} + 1 <= room - 1;
}

const TokenMask& ReplyRules::closing_mask() {
  const bool may_end = phase_ == Phase::Answer && matcher()->may_end(state_);
  mask_ = may_end ? TokenMask(static_cast<std::size_t>(grammar_.tokenizer().vocabulary_size()))
                  : matcher()->closing_mask(state_);
  if (may_end) add_endings();
  return mask_;
}

std::optional<Token> ReplyRules::choose(engine::Sampler& sampler, std::span<const float> logits, std::int64_t room) {
  const TokenMask& allowed = mask(room);
  if (allowed.first() < 0) return std::nullopt;
  const Token token = draw(allowed, sampler, logits);
  if (leaves_room(token, room)) return token;
  const TokenMask& closing = closing_mask();
  return closing.first() < 0 ? std::nullopt : std::optional(draw(closing, sampler, logits));
}

Token ReplyRules::draw(const TokenMask& allowed, engine::Sampler& sampler, std::span<const float> logits) {
  if (allowed.count() == 1) return allowed.first();
  logits_.assign(logits.begin(), logits.end());
  return sampler.sample(logits_, /*history=*/{}, &grammar_.tokenizer(), &allowed);
}

TokenMatcher::State ReplyRules::after(Token token) {
  const engine::Tokenizer& tokenizer = grammar_.tokenizer();
  return tokenizer.kind(token) == engine::Tokenizer::Kind::Marker
             ? matcher()->after_marker(state_, token)
             : matcher()->after_bytes(state_, tokenizer.bytes(token));
}

void ReplyRules::begin_call() {
  phase_ = Phase::Call;
  state_ = grammar_.call()->start();
}

void ReplyRules::take(Token token) {
  if (token == marker_id(Marker::ToolCallOpen) && phase_ != Phase::Call) return begin_call();
  if (token == marker_id(Marker::ChannelOpen)) {
    phase_ = Phase::Header;
    state_ = grammar_.header().start();
    ++thoughts_;
    return;
  }
  if (phase_ == Phase::Thought) {
    ++thought_;
    if (token != marker_id(Marker::ChannelClose)) return;
    phase_ = grammar_.answer() == nullptr ? Phase::Text : Phase::Answer;
    if (phase_ == Phase::Answer) state_ = grammar_.answer()->start();
    return;
  }
  if (matcher() != nullptr) state_ = after(token);
  const std::string_view bytes = grammar_.tokenizer().bytes(token);
  const bool is_blank = std::all_of(bytes.begin(), bytes.end(), is_ascii_space);
  if (phase_ == Phase::Text || phase_ == Phase::Answer) has_said_ = has_said_ || !is_blank;
  if (phase_ == Phase::Header && grammar_.header().may_end(state_)) phase_ = Phase::Thought;
  if (phase_ == Phase::Call && grammar_.call()->may_end(state_)) phase_ = Phase::BehindCall;
}

}  // namespace facet::agent
