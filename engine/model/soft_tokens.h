#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/media_embedding.h"
#include "engine/text/tokenizer.h"

namespace facet::engine {

// The soft tokens of one sequence as ids below zero, one for each row of each embedding, so that a list of tokens says
// all about what a sequence holds: rows of embeddings with the same hash have the same ids, as long as somebody uses
// them.
class SoftTokens {
 public:
  static bool is_soft(Token token) { return token < 0; }

  // A list as ids; embeddings that it has are kept from now on. Fails for a slice of what is not there, and for rows
  // that are not `width` long.
  Result<std::vector<Token>> ids_of(std::span<const SequenceItem> items, std::uint32_t width);
  // Lets go of embeddings that no id of the list belongs to.
  void keep_only(std::span<const Token> tokens);

  std::span<const float> row(Token token) const;
  // Whether two neighbours in a list are of one picture, which is seen as a whole.
  bool are_of_one_picture(Token token, Token next) const;
  // The same for what lies on both sides of a place in a list.
  bool divides_picture(std::span<const Token> tokens, std::size_t place) const;

 private:
  // Ids of an embedding begin at multiples of this.
  static constexpr std::uint32_t kMostRows = 4096;
  static constexpr std::uint32_t kMostEmbeddings = INT32_MAX / kMostRows;

  static std::uint32_t place_of(Token token) { return static_cast<std::uint32_t>(-(token + 1)) / kMostRows; }
  static std::uint32_t row_of(Token token) { return static_cast<std::uint32_t>(-(token + 1)) % kMostRows; }
  Result<std::uint32_t> place_for(const std::shared_ptr<const MediaEmbedding>& media);

  std::vector<std::shared_ptr<const MediaEmbedding>> embeddings_;  // null where a place is free
};

}  // namespace facet::engine
