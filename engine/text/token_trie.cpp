#include "engine/text/token_trie.h"

#include <algorithm>

namespace facet::engine {

TokenTrie::TokenTrie(const Tokenizer& tokenizer) : vocabulary_(static_cast<std::size_t>(tokenizer.vocabulary_size())) {
  std::vector<std::pair<std::string_view, Token>> entries;
  const std::span<const Token> suppressed = tokenizer.suppressed();
  for (Token token = 0; token < tokenizer.vocabulary_size(); ++token) {
    const Tokenizer::Kind kind = tokenizer.kind(token);
    if (kind != Tokenizer::Kind::Text && kind != Tokenizer::Kind::Byte) continue;
    if (tokenizer.ends_generation(token) || std::binary_search(suppressed.begin(), suppressed.end(), token)) continue;
    entries.emplace_back(tokenizer.bytes(token), token);
  }
  build(std::move(entries));
}

TokenTrie::TokenTrie(std::vector<std::pair<std::string_view, Token>> entries, std::size_t vocabulary)
    : vocabulary_(vocabulary) {
  build(std::move(entries));
}

// In the order of their bytes, what a token shares with the one before is there already.
void TokenTrie::build(std::vector<std::pair<std::string_view, Token>> entries) {
  std::sort(entries.begin(), entries.end());
  nodes_.emplace_back();
  std::vector<Node> way = {root()};  // to the token before
  std::string_view before;
  const auto close = [&](std::size_t depth) {
    for (; way.size() > depth + 1; way.pop_back())
      nodes_[way.back()].end = static_cast<Node>(nodes_.size());
  };
  for (const auto& [bytes, token] : entries) {
    if (bytes.empty()) continue;
    const auto differing = std::mismatch(before.begin(), before.end(), bytes.begin(), bytes.end()).first;
    const auto shared = static_cast<std::size_t>(differing - before.begin());
    close(shared);
    for (std::size_t i = shared; i < bytes.size(); ++i) {
      way.push_back(static_cast<Node>(nodes_.size()));
      const auto first = static_cast<std::uint32_t>(tokens_.size());
      nodes_.push_back({0, first, first, static_cast<std::uint8_t>(bytes[i])});
    }
    tokens_.push_back(token);
    nodes_[way.back()].last_token = static_cast<std::uint32_t>(tokens_.size());
    before = bytes;
  }
  close(0);
  nodes_.front().end = static_cast<Node>(nodes_.size());
}

TokenTrie::Node TokenTrie::child(Node node, std::uint8_t byte) const {
  for (Node child = node + 1; child < end(node); child = end(child))
    if (nodes_[child].byte == byte) return child;
  return 0;
}

}  // namespace facet::engine
