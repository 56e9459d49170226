#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/text/byte_automaton.h"
#include "engine/text/text_form.h"
#include "engine/text/tokenizer.h"

namespace facet::engine {

// What may be said, as strings of bytes with markers (special tokens) in between. Built once, from the leaves up; then
// it never changes. `TokenMatcher` follows it token by token.
//
// One rule binds whoever builds it: a text takes every byte that it can, so what follows it may not begin with one.
class Grammar {
 public:
  using Node = std::uint32_t;
  static constexpr std::uint32_t kNoLimit = UINT32_MAX;
  static constexpr std::size_t kMostMembers = 64;

  // Bytes that an automaton accepts; where it counts, every departure from its first state is a character.
  struct Text {
    std::shared_ptr<const ByteAutomaton> automaton;
    bool counts = false;
    std::uint32_t least = 0;
    std::uint32_t most = kNoLimit;
  };
  struct Marker {
    Token token = 0;
  };
  struct Sequence {
    std::vector<Node> items;
  };
  struct Choice {
    std::vector<Node> branches;
  };
  // `first`, then `next` again and again, so many of both together; next has its separator in front.
  struct Repeat {
    Node first = 0;
    Node next = 0;
    std::uint32_t least = 0;
    std::uint32_t most = kNoLimit;
  };
  // Members in any order, each at most once, but for `others`, which are any number. What comes first has no separator
  // in front.
  struct Member {
    Node first = 0;
    Node next = 0;
    bool is_required = false;
  };
  struct Members {
    std::vector<Member> members;  // at most kMostMembers
    std::optional<Member> others;
    std::uint64_t required = 0;  // a bit for each
  };
  using Rule = std::variant<Text, Marker, Sequence, Choice, Repeat, Members>;

  Node add_text(Writing writing, std::uint32_t least = 0, std::uint32_t most = kNoLimit);
  Node add_automaton(ByteAutomaton automaton);
  // Exactly one of these strings, of which there is at least one.
  Node add_words(const std::vector<std::string>& words);
  Node add_marker(Token token);
  Node add_sequence(std::vector<Node> items);
  Node add_choice(std::vector<Node> branches);  // at least one
  Node add_repeat(Repeat repeat);
  Node add_members(std::vector<Member> members, std::optional<Member> others);

  void set_root(Node root) { root_ = root; }
  Node root() const { return root_; }
  const Rule& rule(Node node) const { return rules_[node].rule; }
  std::size_t size() const { return rules_.size(); }
  // How many tokens suffice for the shortest string of a node: bytes and markers of it.
  std::uint32_t shortest(Node node) const { return rules_[node].shortest; }

 private:
  struct Entry {
    Rule rule;
    std::uint32_t shortest = 0;
  };
  Node add(Rule rule, std::uint64_t shortest);

  std::vector<Entry> rules_;
  Node root_ = 0;
};

}  // namespace facet::engine
