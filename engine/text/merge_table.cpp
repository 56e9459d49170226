#include "engine/text/merge_table.h"

#include <algorithm>
#include <array>
#include <string>

#include "engine/gguf/gguf_file.h"
#include "engine/text/hash.h"

namespace facet::engine {
namespace {

constexpr std::size_t kMaxMerges = std::size_t{1} << 25U;
constexpr std::size_t kBlock = 64;  // lines that are looked up together

Error unusable(std::size_t merge, const char* reason) {
  return {Error::Code::CorruptFile, "its merge " + std::to_string(merge) + " " + reason};
}

}  // namespace

Result<MergeTable> MergeTable::from_gguf(const GgufFile& file, const Vocabulary& vocabulary) {
  const auto lines = file.strings("tokenizer.ggml.merges");
  if (!lines || lines->size() > kMaxMerges)
    return Error{Error::Code::CorruptFile, "it has no list of merges (tokenizer.ggml.merges)"};
  MergeTable table;
  table.hash_seed_ = draw_hash_seed();
  table.slots_.resize(slots_for(lines->size()));
  table.merges_.reserve(lines->size());
  std::span<const std::string_view> rest = *lines;
  while (!rest.empty()) {
    const std::size_t block = std::min(rest.size(), kBlock);
    FACET_RETURN_IF_ERROR(table.append(rest.first(block), vocabulary));
    rest = rest.subspan(block);
  }
  return table;
}

Status MergeTable::append(std::span<const std::string_view> lines, const Vocabulary& vocabulary) {
  // Three strings for each line: the left part, the right part, and what they make.
  std::array<std::string, kBlock> joined;
  std::array<std::string_view, 3 * kBlock> names;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    // Entries hold no space, but the left one may be anything else, so the first byte is never the separator.
    const std::size_t space = line.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == line.size())
      return unusable(merges_.size() + i, "is not a pair of tokens");
    names[3 * i] = line.substr(0, space);
    names[3 * i + 1] = line.substr(space + 1);
    names[3 * i + 2] = joined[i].assign(names[3 * i]).append(names[3 * i + 1]);
  }
  std::vector<Token> found;
  vocabulary.find_all(std::span(names).first(3 * lines.size()), found);
  const std::size_t first = merges_.size();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Merge merge{found[3 * i], found[3 * i + 1], found[3 * i + 2]};
    if (merge.left == Vocabulary::kAbsent || merge.right == Vocabulary::kAbsent || merge.result == Vocabulary::kAbsent)
      return unusable(first + i, "names a token that is not in the list of tokens");
    // Text must never grow into a marker or a reserved entry.
    if (vocabulary.kind(merge.result) != Tokenizer::Kind::Text) return unusable(first + i, "makes a special token");
    merges_.push_back(merge);
    __builtin_prefetch(&slots_[hash(merge.left, merge.right) & (slots_.size() - 1)]);
  }
  for (std::size_t rank = first; rank < merges_.size(); ++rank)
    insert(static_cast<std::uint32_t>(rank));
  return {};
}

std::uint64_t MergeTable::hash(Token left, Token right) const {
  const auto pair = (static_cast<std::uint64_t>(left) << 32U) | static_cast<std::uint32_t>(right);
  return mix_bits(pair ^ hash_seed_);
}

// A pair that is listed twice keeps its first rank.
void MergeTable::insert(std::uint32_t rank) {
  const Merge& merge = merges_[rank];
  const std::uint64_t hashed = hash(merge.left, merge.right);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hashed & mask;
  for (; slots_[at].rank != kNoRank; at = (at + 1) & mask) {
    const Merge& other = merges_[slots_[at].rank];
    const bool same_hash = slots_[at].hash == static_cast<std::uint32_t>(hashed >> 32U);
    if (same_hash && other.left == merge.left && other.right == merge.right) return;
  }
  slots_[at] = {static_cast<std::uint32_t>(hashed >> 32U), rank};
}

std::uint32_t MergeTable::rank(Token left, Token right) const {
  const std::uint64_t hashed = hash(left, right);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hashed & mask; slots_[at].rank != kNoRank; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.hash != static_cast<std::uint32_t>(hashed >> 32U)) continue;
    const Merge& merge = merges_[slot.rank];
    if (merge.left == left && merge.right == right) return slot.rank;
  }
  return kNoRank;
}

}  // namespace facet::engine
