#pragma once

#include <memory>
#include <vector>

#include "agent/grammar/reply_grammar.h"
#include "engine/text/token_matcher.h"
#include "engine/text/tokenizer.h"

namespace facet::agent {

// Grammars over the vocabulary of a model: what is known of the vocabulary once and for all, and of the grammar that
// was used last. Belongs to the thread that the model belongs to; the tokenizer outlives it.
class LocalModelGrammar {
 public:
  // Some tenths of a second for a large vocabulary.
  explicit LocalModelGrammar(const engine::Tokenizer& tokenizer);

  // Nothing happens where it is the one that was used last.
  void use(std::shared_ptr<const ReplyGrammar> grammar);

  const engine::Tokenizer& tokenizer() const { return tokenizer_; }
  // Null where there are no calls, where the answer is free.
  engine::TokenMatcher* call() { return call_.get(); }
  engine::TokenMatcher* answer() { return answer_.get(); }
  // What stands in front of a thought: the word and a newline.
  engine::TokenMatcher& header() { return *header_; }
  // Everything that prints something.
  const engine::TokenMask& text() const { return text_; }
  // What ends a generation behind text: neither `<|turn>`, which would begin somebody else, nor `<|tool_response>`.
  const std::vector<engine::Token>& endings() const { return endings_; }

 private:
  const engine::Tokenizer& tokenizer_;
  const engine::TokenTrie trie_;
  std::vector<engine::Token> endings_;
  engine::TokenMask text_;
  std::unique_ptr<engine::TokenMatcher> header_;
  std::shared_ptr<const ReplyGrammar> grammar_;  // the next request probably brings the same
  std::unique_ptr<engine::TokenMatcher> call_;
  std::unique_ptr<engine::TokenMatcher> answer_;
};

}  // namespace facet::agent
