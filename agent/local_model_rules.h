#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/local_model_grammar.h"
#include "agent/text_model.h"
#include "engine/text/sampler.h"
#include "engine/text/token_mask.h"

namespace facet::agent {

// Which tokens may come next in a reply, from its first to its last. Text and thoughts are free, but no marker can
// stand in them that has no meaning there, and a reply can not end before it has said something. Calls, and answers of
// a form, follow their grammar, and come to their end before the room for them does. Behind a call only another one
// can follow.
class ReplyRules {
 public:
  // `room`, here and below: how many tokens may still come. `thinking_tokens` as in GenerateRequest.
  ReplyRules(LocalModelGrammar& grammar, const std::vector<PromptPiece>& prompt, std::int64_t room,
             std::int64_t thinking_tokens = 0);

  // A sentence when there is no room for what has to be said.
  std::optional<std::string> problem(std::int64_t room) const;

  // Whether few tokens are allowed, which `mask` names, or few are not, which `barred` does.
  bool is_masked() const;
  std::span<const engine::Token> barred(std::int64_t room);
  // Valid until the next call. Empty when the vocabulary lacks what has to come.
  const engine::TokenMask& mask(std::int64_t room);
  // Whether after such a token there is still room to come to an end. If not, another one has to be drawn, from those
  // that lead there (in these states alone, `leaves_room` may say no).
  bool leaves_room(engine::Token token, std::int64_t room);
  const engine::TokenMask& closing_mask();

  // One of the few that are allowed, and that leaves room; nothing where there is none. Repetitions are meant here.
  std::optional<engine::Token> choose(engine::Sampler& sampler, std::span<const float> logits, std::int64_t room);

  // Goes on behind a token.
  void take(engine::Token token);

 private:
  enum class Phase { Text, Header, Thought, Answer, Call, BehindCall };

  engine::TokenMatcher* matcher();
  engine::TokenMatcher::State after(engine::Token token);
  bool has_room_for_call(std::int64_t room) const;
  bool has_room_for_thought(std::int64_t room) const;
  bool has_thought_enough() const { return most_thought_ > 0 && thought_ >= most_thought_; }
  void begin_call();
  engine::Token draw(const engine::TokenMask& allowed, engine::Sampler& sampler, std::span<const float> logits);
  void add_beginnings(std::int64_t room);
  void add_endings();

  LocalModelGrammar& grammar_;
  Phase phase_ = Phase::Text;
  engine::TokenMatcher::State state_;  // of the matcher of the phase
  std::uint32_t shortest_call_ = 0;
  std::uint32_t shortest_answer_ = 0;
  bool has_said_ = false;  // something that can be seen
  int thoughts_ = 0;
  std::int64_t thought_ = 0;  // tokens of all thoughts
  std::int64_t most_thought_ = 0;
  std::vector<engine::Token> barred_;
  engine::TokenMask mask_;
  std::vector<float> logits_;
};

}  // namespace facet::agent
