#include "engine/text/byte_pair.h"

#include <algorithm>
#include <cstdint>

#include "engine/text/utf8.h"

namespace facet::engine {
namespace {

constexpr Token kNoToken = -1;
constexpr std::uint32_t kNone = 0xFFFFFFFFU;
// Offsets and indices have 32 bits; a longer run is cut.
constexpr std::size_t kMaxRunBytes = std::size_t{1} << 30U;

class Merging {
 public:
  Merging(const Vocabulary& vocabulary, const MergeTable& merges, std::string_view run)
      : vocabulary_(vocabulary), merges_(merges), run_(run) {}

  void run_to(std::vector<Token>& out) {
    split_characters();
    queue_.reserve(symbols_.size());
    for (std::uint32_t i = 0; i + 1 < symbols_.size(); ++i)
      rate(i);
    std::make_heap(queue_.begin(), queue_.end(), later);
    while (!queue_.empty())
      take_best();
    emit(out);
  }

 private:
  // A doubly linked list in one array. A symbol that was merged into its left neighbour has no length.
  struct Symbol {
    std::uint32_t begin;
    std::uint32_t bytes;
    Token token;
    std::uint32_t previous;
    std::uint32_t next;
    std::uint32_t rank;  // of the pair that begins here, as queued last
  };
  struct Candidate {
    std::uint32_t rank;
    std::uint32_t symbol;
  };

  static bool later(const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.symbol > b.symbol;
  }

  void split_characters() {
    for (std::size_t at = 0; at < run_.size();) {
      const std::string_view rest = run_.substr(at);
      const Utf8Piece piece = first_utf8_piece(rest);
      // Bytes that are no UTF-8 stand alone, and no entry can match them.
      const bool valid = piece.kind == Utf8Piece::Kind::Complete;
      const std::size_t bytes = valid ? piece.bytes : 1;
      const auto index = static_cast<std::uint32_t>(symbols_.size());
      symbols_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(bytes),
                          valid ? token_of(rest.substr(0, bytes)) : kNoToken, index == 0 ? kNone : index - 1, index + 1,
                          MergeTable::kNoRank});
      at += bytes;
    }
    if (!symbols_.empty()) symbols_.back().next = kNone;
  }

  Token token_of(std::string_view character) const {
    const std::optional<Token> token = vocabulary_.find(character);
    return token && vocabulary_.kind(*token) == Tokenizer::Kind::Text ? *token : kNoToken;
  }

  // Looks up the pair that begins at `index`; true when it merges.
  bool rate_pair(std::uint32_t index) {
    Symbol& left = symbols_[index];
    left.rank = MergeTable::kNoRank;
    if (left.next != kNone && left.token != kNoToken && symbols_[left.next].token != kNoToken)
      left.rank = merges_.rank(left.token, symbols_[left.next].token);
    return left.rank != MergeTable::kNoRank;
  }

  void rate(std::uint32_t index) {
    if (rate_pair(index)) queue_.push_back({symbols_[index].rank, index});
  }

  void rate_again(std::uint32_t index) {
    if (!rate_pair(index)) return;
    queue_.push_back({symbols_[index].rank, index});
    std::push_heap(queue_.begin(), queue_.end(), later);
  }

  void take_best() {
    const Candidate best = queue_.front();
    std::pop_heap(queue_.begin(), queue_.end(), later);
    queue_.pop_back();
    Symbol& left = symbols_[best.symbol];
    // The pair may have changed since it was queued.
    if (left.bytes == 0 || left.rank != best.rank) return;
    Symbol& right = symbols_[left.next];
    left.token = merges_.result(best.rank);
    left.bytes += right.bytes;
    right.bytes = 0;
    left.next = right.next;
    if (left.next != kNone) symbols_[left.next].previous = best.symbol;
    rate_again(best.symbol);
    if (left.previous != kNone) rate_again(left.previous);
  }

  void emit(std::vector<Token>& out) const {
    for (std::uint32_t i = symbols_.empty() ? kNone : 0; i != kNone; i = symbols_[i].next) {
      const Symbol& symbol = symbols_[i];
      if (symbol.token != kNoToken) {
        out.push_back(symbol.token);
        continue;
      }
      for (const char byte : run_.substr(symbol.begin, symbol.bytes))
        out.push_back(vocabulary_.byte_token(static_cast<std::uint8_t>(byte)));
    }
  }

  const Vocabulary& vocabulary_;
  const MergeTable& merges_;
  const std::string_view run_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> queue_;
};

}  // namespace

void append_merged(const Vocabulary& vocabulary, const MergeTable& merges, std::string_view run,
                   std::vector<Token>& out) {
  for (; !run.empty(); run.remove_prefix(std::min(run.size(), kMaxRunBytes)))
    Merging(vocabulary, merges, run.substr(0, kMaxRunBytes)).run_to(out);
}

}  // namespace facet::engine
