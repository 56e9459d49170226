#include "agent/local_model_grammar.h"

#include <utility>

#include "agent/prompt/markers.h"

namespace facet::agent {
namespace {

using engine::Grammar;
using engine::Token;
using engine::TokenMatcher;

std::unique_ptr<TokenMatcher> matcher_of(const std::shared_ptr<const Grammar>& grammar, const engine::TokenTrie& trie) {
  return grammar == nullptr ? nullptr : std::make_unique<TokenMatcher>(grammar, trie);
}

}  // namespace

LocalModelGrammar::LocalModelGrammar(const engine::Tokenizer& tokenizer)
    : tokenizer_(tokenizer), trie_(tokenizer), text_(trie_.vocabulary()) {
  for (engine::TokenTrie::Node node = 0; node < trie_.size(); ++node)
    for (const Token token : trie_.tokens(node))
      text_.add(token);
  for (Token token = 0; token < tokenizer.vocabulary_size(); ++token)
    if (tokenizer.ends_generation(token) && token != marker_id(Marker::TurnOpen) &&
        token != marker_id(Marker::ToolResponseOpen))
      endings_.push_back(token);
  auto header = std::make_shared<Grammar>();
  header->set_root(header->add_words({"thought\n"}));
  header_ = matcher_of(header, trie_);
}

void LocalModelGrammar::use(std::shared_ptr<const ReplyGrammar> grammar) {
  if (grammar_ == grammar) return;
  grammar_ = std::move(grammar);
  call_ = matcher_of(grammar_->call, trie_);
  answer_ = matcher_of(grammar_->answer, trie_);
}

}  // namespace facet::agent
