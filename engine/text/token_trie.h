#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/text/tokenizer.h"

namespace facet::engine {

// The bytes of all tokens that print something, as a tree: what two tokens begin with alike is walked once. The nodes
// lie depth first, each in front of its children. Built once for a vocabulary; never changes.
class TokenTrie {
 public:
  using Node = std::uint32_t;

  // Tokens that are suppressed, end generations, or print nothing are left out.
  explicit TokenTrie(const Tokenizer& tokenizer);
  TokenTrie(std::vector<std::pair<std::string_view, Token>> entries, std::size_t vocabulary);

  std::size_t vocabulary() const { return vocabulary_; }
  std::size_t size() const { return nodes_.size(); }
  static constexpr Node root() { return 0; }
  // The children of a node lie from node + 1 to end(node); the one behind a child begins at its end.
  Node end(Node node) const { return nodes_[node].end; }
  std::uint8_t byte(Node node) const { return nodes_[node].byte; }
  // The tokens whose bytes are those on the way to a node.
  std::span<const Token> tokens(Node node) const {
    return std::span(tokens_).subspan(nodes_[node].first_token, nodes_[node].last_token - nodes_[node].first_token);
  }
  // The child with a byte; 0 when there is none.
  Node child(Node node, std::uint8_t byte) const;

 private:
  struct Entry {
    Node end = 0;
    std::uint32_t first_token = 0;
    std::uint32_t last_token = 0;
    std::uint8_t byte = 0;
  };
  void build(std::vector<std::pair<std::string_view, Token>> entries);

  std::size_t vocabulary_ = 0;
  std::vector<Entry> nodes_;
  std::vector<Token> tokens_;
};

}  // namespace facet::engine
