#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/text/vocabulary.h"

namespace facet::engine {

// Which pairs of neighbouring entries merge, in which order, and into what.
class MergeTable {
 public:
  static Result<MergeTable> from_gguf(const GgufFile& file, const Vocabulary& vocabulary);

  static constexpr std::uint32_t kNoRank = 0xFFFFFFFFU;
  // The rank of a pair; the lowest merges first. kNoRank when the pair does not merge.
  std::uint32_t rank(Token left, Token right) const;
  Token result(std::uint32_t rank) const { return merges_[rank].result; }

 private:
  struct Merge {
    Token left = 0;
    Token right = 0;
    Token result = 0;
  };
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t rank = kNoRank;
  };

  Status append(std::span<const std::string_view> lines, const Vocabulary& vocabulary);
  std::uint64_t hash(Token left, Token right) const;
  void insert(std::uint32_t rank);

  std::vector<Merge> merges_;  // by rank
  std::uint64_t hash_seed_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace facet::engine
