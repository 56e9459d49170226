#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/text/byte_automaton.h"
#include "engine/text/token_mask.h"
#include "engine/text/token_trie.h"

namespace facet::engine {

// What each token of a vocabulary does inside of a text that is in a state of its automaton, whatever stands around the
// text. Made once for a state, in one walk; then a mask costs a few microseconds.
class TextTable {
 public:
  // As Grammar::Text::counts.
  TextTable(const TokenTrie& trie, const ByteAutomaton& automaton, ByteAutomaton::State state, bool counts);

  // Adds the tokens that the text takes to their end, and that begin at most `room` characters.
  void add_to(TokenMask& mask, std::uint32_t room) const;

  // A node of the trie that the text takes up to its last byte, which is none of the text's any more, where the text
  // may end before it; and how many characters begin until then.
  struct Exit {
    TokenTrie::Node node = 0;
    std::uint32_t characters = 0;
  };
  // By those last bytes, each once.
  const std::vector<std::pair<std::uint8_t, std::vector<Exit>>>& exits() const { return exits_; }

 private:
  struct Walk;
  std::vector<std::pair<std::uint32_t, Token>> few_;  // by characters, where there are few
  // Otherwise place c has those that begin at most c characters, the last place all.
  std::vector<TokenMask> many_;
  std::vector<std::pair<std::uint8_t, std::vector<Exit>>> exits_;
};

}  // namespace facet::engine
