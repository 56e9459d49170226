#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/text/tokenizer.h"

namespace facet::engine {

// A set of tokens: one bit for each entry of a vocabulary.
class TokenMask {
 public:
  TokenMask() = default;
  explicit TokenMask(std::size_t vocabulary) : size_(vocabulary), words_((vocabulary + 63) / 64) {}

  std::size_t size() const { return size_; }
  // Tokens outside the vocabulary are in no mask, and adding them does nothing.
  bool contains(Token token) const { return has_place(token) && (words_[word(token)] & bit(token)) != 0; }
  void add(Token token) {
    if (has_place(token)) words_[word(token)] |= bit(token);
  }
  void add(const TokenMask& other) {
    for (std::size_t i = 0; i < std::min(words_.size(), other.words_.size()); ++i)
      words_[i] |= other.words_[i];
  }
  void clear() { std::fill(words_.begin(), words_.end(), 0); }

  std::size_t count() const {
    std::size_t tokens = 0;
    for (const std::uint64_t bits : words_)
      tokens += static_cast<std::size_t>(std::popcount(bits));
    return tokens;
  }
  // The token with the lowest id; -1 when there is none.
  Token first() const {
    for (std::size_t i = 0; i < words_.size(); ++i)
      if (words_[i] != 0) return static_cast<Token>(i * 64 + static_cast<std::size_t>(std::countr_zero(words_[i])));
    return -1;
  }
  // Token t is bit t % 64 of word t / 64.
  std::span<const std::uint64_t> words() const { return words_; }

  bool operator==(const TokenMask&) const = default;

 private:
  bool has_place(Token token) const { return token >= 0 && static_cast<std::size_t>(token) < size_; }
  static std::size_t word(Token token) { return static_cast<std::size_t>(token) / 64; }
  static std::uint64_t bit(Token token) { return std::uint64_t{1} << (static_cast<unsigned>(token) % 64U); }

  std::size_t size_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace facet::engine
