#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/prompt/markers.h"
#include "agent/prompt/reply_parser.h"
#include "agent/text_model.h"

// A TextModel that says what it was told to say: drives tests of the agent and of the window.
namespace facet::agent {

struct ScriptedReply {
  // With markers spelled: "Let me see.<|tool_call>call:look{}<tool_call|><|tool_response>".
  std::string raw;
  // EndOfTurn becomes ToolResponse by itself where the reply ends in that marker.
  GenerateOutcome::Reason reason = GenerateOutcome::Reason::EndOfTurn;
  std::string error = {};
};

// Shared by the test and the model. The model's side is used on the agent thread.
struct Script {
  std::vector<ScriptedReply> replies;
  std::size_t next_reply = 0;
  std::vector<GenerateRequest> requests;                     // all that was asked of the model
  std::function<void(std::size_t piece)> before_piece = {};  // of any reply
  std::int64_t prompt_tokens = 100;                          // of every run, so that no test depends on the prompt
  std::optional<std::int64_t> read_ms_per_token = {};        // what it tells of its speed
  // What was read ahead, and how often it asks whether to go on; it remembers what it could read to the end.
  struct Ahead {
    ConversationId conversation = 0;
    std::vector<PromptPiece> beginning;
    ReadAhead amount = ReadAhead::Little;
    bool is_done = false;
  };
  std::vector<Ahead> ahead = {};
  std::function<void(std::size_t chunk)> before_chunk = {};  // of anything read ahead
  std::size_t chunks = 3;
  // What it hears in the background, asked on the thread that listens; without it it can not be used there.
  std::function<ScriptedReply(const GenerateRequest&)> hear = {};
  TextModelInfo info{.name = "Scripted model",
                     .description = "Says what a test has written.",
                     .path = "script",
                     .device = "none",
                     .context_length = 4096};
};

// As a model speaks: word by word, each with the space behind it.
inline std::vector<ReplyPiece> pieces_of(const std::string& raw) {
  std::vector<ReplyPiece> pieces;
  for (const ReplyPiece& piece : split_markers(raw)) {
    const auto* text = std::get_if<std::string>(&piece);
    if (text == nullptr) pieces.push_back(piece);
    for (std::size_t at = 0; text != nullptr && at < text->size();) {
      const std::size_t space = text->find(' ', at);
      const std::size_t end = space == std::string::npos ? text->size() : space + 1;
      pieces.emplace_back(text->substr(at, end - at));
      at = end;
    }
  }
  return pieces;
}

class ScriptedBackground : public BackgroundModel {
 public:
  explicit ScriptedBackground(std::shared_ptr<Script> script) : script_(std::move(script)) {}

  GenerateOutcome generate(const GenerateRequest& request, const GenerateCallbacks& callbacks,
                           std::stop_token stop) override {
    const ScriptedReply reply = script_->hear(request);
    GenerateOutcome outcome;
    outcome.reason = reply.reason;
    outcome.error = reply.error;
    std::int64_t words = 0;
    for (const ReplyPiece& piece : pieces_of(reply.raw)) {
      if (stop.stop_requested()) outcome.reason = GenerateOutcome::Reason::Stopped;
      if (words++ == request.max_tokens) outcome.reason = GenerateOutcome::Reason::Length;
      if (outcome.reason != reply.reason) break;
      callbacks.piece(piece);
    }
    return outcome;
  }

 private:
  std::shared_ptr<Script> script_;
};

class ScriptedModel : public TextModel {
 public:
  explicit ScriptedModel(std::shared_ptr<Script> script) : script_(std::move(script)) {}

  const TextModelInfo& info() const override { return script_->info; }

  GenerateOutcome generate(const GenerateRequest& request, const GenerateCallbacks& callbacks,
                           std::stop_token stop) override {
    script_->requests.push_back(request);
    GenerateOutcome outcome;
    outcome.prompt_tokens = script_->prompt_tokens;
    outcome.sampling_json = "{}";
    callbacks.prompt_progress(outcome.prompt_tokens, outcome.prompt_tokens);
    if (script_->next_reply == script_->replies.size()) {
      outcome.reason = GenerateOutcome::Reason::Failed;
      outcome.error = "The script has no further reply.";
      return outcome;
    }
    const ScriptedReply reply = script_->replies[script_->next_reply++];
    outcome.reason = reply.reason;
    outcome.error = reply.error;
    for (const ReplyPiece& piece : pieces_of(reply.raw)) {
      if (script_->before_piece) script_->before_piece(outcome.tokens.size());
      if (stop.stop_requested()) {
        outcome.reason = GenerateOutcome::Reason::Stopped;
        break;
      }
      add_token(piece, outcome);
      callbacks.piece(piece);
    }
    return outcome;
  }

  // A word is a token.
  std::int64_t count_tokens(const std::vector<PromptPiece>& prompt) const override {
    std::int64_t words = 0;
    for (const PromptPiece& piece : prompt) {
      bool in_word = false;
      for (const char c : piece.text) {
        const bool is_space = c == ' ' || c == '\n';
        if (!is_space && !in_word) ++words;
        in_word = !is_space;
      }
    }
    return words;
  }

  std::unique_ptr<BackgroundModel> in_background() override {
    return script_->hear ? std::make_unique<ScriptedBackground>(script_) : nullptr;
  }

  void read_ahead(ConversationId conversation, const std::vector<PromptPiece>& beginning, ReadAhead amount,
                  const std::function<bool()>& go_on, std::stop_token stop) override {
    script_->ahead.push_back({conversation, beginning, amount});
    for (std::size_t chunk = 0; chunk < script_->chunks; ++chunk) {
      if (script_->before_chunk) script_->before_chunk(chunk);
      if (stop.stop_requested() || !go_on()) return;
    }
    script_->ahead.back().is_done = true;
  }

  // Of what it has read it remembers only what was read ahead.
  std::optional<ReadingEstimate> estimate_reading(ConversationId conversation,
                                                  const std::vector<PromptPiece>& prompt) const override {
    ReadingEstimate estimate{count_tokens(prompt), std::nullopt};
    if (!script_->ahead.empty() && script_->ahead.back().is_done && script_->ahead.back().conversation == conversation)
      estimate.tokens -= count_tokens(script_->ahead.back().beginning);
    if (script_->read_ms_per_token) estimate.milliseconds = estimate.tokens * *script_->read_ms_per_token;
    return estimate;
  }

 private:
  void add_token(const ReplyPiece& piece, GenerateOutcome& outcome) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      outcome.tokens.push_back(next_word_++);
      outcome.text += *text;
      return;
    }
    const Marker marker = std::get<Marker>(piece);
    outcome.tokens.push_back(marker_id(marker));
    outcome.text += marker_text(marker);
    if (marker == Marker::ToolResponseOpen && outcome.reason == GenerateOutcome::Reason::EndOfTurn)
      outcome.reason = GenerateOutcome::Reason::ToolResponse;
  }

  std::shared_ptr<Script> script_;
  std::int32_t next_word_ = 100'000;  // every word gets an id of its own, far from those of the markers
};

}  // namespace facet::agent
