#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/text/grammar.h"
#include "engine/text/text_table.h"
#include "engine/text/token_mask.h"
#include "engine/text/token_trie.h"

namespace facet::engine {

// Follows a grammar token by token and says which tokens may come next. What it finds out it keeps, so that the same
// place costs next to nothing the next time. Not thread-safe; the trie outlives it.
class TokenMatcher {
 public:
  // Where one is in the grammar: everything that may still be meant, as numbers of stacks. A value that belongs to the
  // matcher that made it.
  using State = std::vector<std::uint32_t>;

  TokenMatcher(std::shared_ptr<const Grammar> grammar, const TokenTrie& trie);

  State start();
  // What is left after a token; empty when it may not come.
  State after_bytes(const State& state, std::string_view bytes);
  State after_marker(const State& state, Token marker);

  // Whether all that the grammar wants was said. More may still be allowed.
  bool may_end(const State& state);
  // At most so many tokens are needed to come to an end.
  std::uint32_t distance(const State& state) const;

  // The tokens after which something is left. Valid until the next call.
  const TokenMask& mask(const State& state);
  // Of these, those on a shortest way to the end: each of them shortens the distance.
  TokenMask closing_mask(const State& state);

 private:
  using Stack = std::uint32_t;
  static constexpr Stack kDone = 0;
  // The top of a stack. Of a text: the state of its automaton and the characters begun; of what has parts: how many of
  // them, and which.
  struct Frame {
    Stack below = kDone;
    Grammar::Node node = 0;
    std::uint32_t at = 0;
    std::uint64_t bits = 0;

    bool operator==(const Frame&) const = default;
  };
  struct FrameHash {
    std::size_t operator()(const Frame& frame) const;
  };

  Stack push(const Frame& frame);
  std::uint32_t remaining(const Frame& frame) const;
  static State sorted(State stacks);

  void enter(Stack below, Grammar::Node node, State& out);
  void resume(const Frame& frame, State& out);
  void resume_rule(const Frame& frame, const Grammar::Sequence& rule, State& out);
  void resume_rule(const Frame& frame, const Grammar::Choice& rule, State& out);
  void resume_rule(const Frame& frame, const Grammar::Repeat& rule, State& out);
  void resume_rule(const Frame& frame, const Grammar::Members& rule, State& out);
  // Where one is when what stands on a stack's top is complete.
  const State& leave(Stack stack);

  bool may_leave(const Frame& frame, const Grammar::Text& text) const;
  void step(Stack stack, std::uint8_t byte, State& out);
  State step(const State& stacks, std::uint8_t byte);

  const TextTable& table(const Grammar::Text& text, ByteAutomaton::State state);
  void add_stack(Stack stack, TokenMask& mask);
  void add_markers(Stack stack, TokenMask& mask);
  void add_below(TokenTrie::Node node, const State& stacks, TokenMask& mask);
  // The bytes of a shortest way up to the first marker, or that marker.
  struct Way {
    std::string bytes;
    std::optional<Token> marker;
  };
  Way way_out(const State& state);

  const std::shared_ptr<const Grammar> grammar_;
  const TokenTrie& trie_;
  std::vector<Frame> frames_;             // by stack; the first is the bottom
  std::vector<std::uint32_t> distances_;  // by stack: to the end, when what comes on top of it is complete
  std::unordered_map<Frame, Stack, FrameHash> stacks_;
  std::unordered_map<Stack, State> left_;
  std::map<std::pair<const ByteAutomaton*, ByteAutomaton::State>, TextTable> tables_;
  std::map<State, TokenMask> masks_;
};

}  // namespace facet::engine
