#include "engine/text/text_table.h"

#include <algorithm>

namespace facet::engine {
namespace {

constexpr std::size_t kFew = 1024;
// Tokens with more characters are rare, and count as if they had no end.
constexpr std::uint32_t kMostCharacters = 64;

}  // namespace

struct TextTable::Walk {
  const TokenTrie& trie;
  const ByteAutomaton& automaton;
  const bool counts;
  TextTable& table;

  void go(TokenTrie::Node node, ByteAutomaton::State state, std::uint32_t characters) {
    const std::uint32_t begun = characters + (counts && state == 0 ? 1 : 0);
    for (TokenTrie::Node child = node + 1; child < trie.end(node); child = trie.end(child)) {
      const ByteAutomaton::State next = automaton.next(state, trie.byte(child));
      if (next == ByteAutomaton::kDead) {
        if (automaton.accepts(state)) add_exit(trie.byte(child), {child, characters});
        continue;
      }
      for (const Token token : trie.tokens(child))
        table.few_.emplace_back(begun, token);
      go(child, next, begun);
    }
  }

  void add_exit(std::uint8_t byte, Exit exit) {
    auto& exits = table.exits_;
    auto place = std::find_if(exits.begin(), exits.end(), [&](const auto& group) { return group.first == byte; });
    if (place == exits.end()) place = exits.insert(exits.end(), {byte, {}});
    place->second.push_back(exit);
  }
};

TextTable::TextTable(const TokenTrie& trie, const ByteAutomaton& automaton, ByteAutomaton::State state, bool counts) {
  Walk{trie, automaton, counts, *this}.go(TokenTrie::root(), state, 0);
  if (few_.size() <= kFew) return;
  std::sort(few_.begin(), few_.end());
  for (const auto& [characters, token] : few_) {
    while (many_.size() <= std::min(characters, kMostCharacters + 1))
      many_.push_back(many_.empty() ? TokenMask(trie.vocabulary()) : many_.back());
    many_.back().add(token);
  }
  few_ = {};
}

void TextTable::add_to(TokenMask& mask, std::uint32_t room) const {
  if (!many_.empty()) {
    const std::size_t last = many_.size() - 1;
    // Of the last place nobody knows how many characters its longest tokens have.
    const bool is_known = room <= kMostCharacters;
    mask.add(many_[is_known ? std::min<std::size_t>(room, last) : last]);
    return;
  }
  for (const auto& [characters, token] : few_)
    if (characters <= room) mask.add(token);
}

}  // namespace facet::engine
