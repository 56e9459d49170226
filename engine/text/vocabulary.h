#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/text/tokenizer.h"

namespace facet::engine {

// The entries of a vocabulary: their spelling, what they print, what kind they are. Spellings are views into the mapped
// model file.
class Vocabulary {
 public:
  static Result<Vocabulary> from_gguf(const GgufFile& file);

  std::int32_t size() const { return static_cast<std::int32_t>(spellings_.size()); }
  bool contains(Token token) const { return token >= 0 && token < size(); }
  std::string_view spelling(Token token) const { return spellings_[static_cast<std::size_t>(token)]; }
  Tokenizer::Kind kind(Token token) const { return kinds_[static_cast<std::size_t>(token)]; }
  // What the token prints, as bytes.
  std::string_view text(Token token) const;

  std::optional<Token> find(std::string_view spelling) const;
  // The same for many at once, several times faster: the cache misses of all of them overlap, and the strings
  // themselves are not compared. What is an entry is always found; what is none is kAbsent but for one chance in
  // billions.
  static constexpr Token kAbsent = -1;
  void find_all(std::span<const std::string_view> spellings, std::vector<Token>& found) const;
  Token byte_token(std::uint8_t byte) const { return byte_tokens_[byte]; }
  // The longest marker that `text` begins with.
  std::optional<Token> marker_at_start(std::string_view text) const;

 private:
  // A slot of the table from spellings to ids. The hash keeps most comparisons away from the strings; the seed is
  // chosen so that no two entries meet with the same one.
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t token_plus_1 = 0;
  };
  // The first slot on the way of a hash that has it or is free.
  std::size_t slot_of(std::uint64_t hash) const;

  Status read_types(const GgufFile& file);
  Status index_spellings();
  Result<bool> try_seed(std::uint64_t seed);
  Status find_bytes(const std::vector<bool>& typed_as_byte);
  void find_markers();
  void print_texts();

  std::vector<std::string_view> spellings_;
  std::vector<Tokenizer::Kind> kinds_;
  std::string texts_;                        // of all entries, one after another
  std::vector<std::uint32_t> text_offsets_;  // size() + 1
  std::uint64_t hash_seed_ = 0;
  std::vector<Slot> slots_;
  std::array<Token, 256> byte_tokens_{};
  std::array<bool, 256> begins_marker_{};
  std::vector<std::size_t> marker_lengths_;  // longest first
};

}  // namespace facet::engine
