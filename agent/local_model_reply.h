#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "agent/local_model_rules.h"
#include "agent/text_model.h"
#include "engine/engine.h"
#include "engine/text/sampler.h"

namespace facet::agent {

// What a local model says after its prompt was read: token by token until it ends, into the callbacks and the outcome.
class LocalModelReply {
 public:
  // Notes the sampling in the outcome. `grammar` knows the one of the request, or is null where there is none.
  // Everything outlives the reply.
  LocalModelReply(const engine::Engine& engine, const GenerateRequest& request, const GenerateCallbacks& callbacks,
                  GenerateOutcome& outcome, LocalModelGrammar* grammar = nullptr);

  // As engine::SyncOptions::candidates, for reading what the next token is chosen behind.
  std::size_t candidates() const;
  void speak(engine::Sequence& sequence, const std::stop_token& stop);

 private:
  void decode(engine::Sequence& sequence, const std::stop_token& stop);
  // How many tokens may still come.
  std::int64_t room(const engine::Sequence& sequence) const;
  // Nothing when none is allowed.
  std::optional<engine::Token> choose(engine::Sequence& sequence);
  void say(engine::Token token);
  void say_text(std::string text);

  const engine::Engine& engine_;
  const GenerateCallbacks& callbacks_;
  GenerateOutcome& outcome_;
  std::int64_t max_tokens_;
  engine::Sampler sampler_;
  engine::StreamingDecoder decoder_;
  std::optional<ReplyRules> rules_;
  // Inside of a call every repetition is meant.
  bool in_call_ = false;
  std::vector<float> logits_;
  std::vector<engine::Candidate> candidates_;
};

// What became of a prompt that could not be read.
void set_failure(const Error& error, GenerateOutcome& outcome);

}  // namespace facet::agent
