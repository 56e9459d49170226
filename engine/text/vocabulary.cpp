#include "engine/text/vocabulary.h"

#include <algorithm>
#include <functional>
#include <random>
#include <span>
#include <utility>

#include "engine/gguf/gguf_file.h"
#include "engine/text/hash.h"
#include "engine/text/marker_names.h"

namespace facet::engine {
namespace {

using Kind = Tokenizer::Kind;

// Far above any real vocabulary; they keep ids and offsets inside 32 bits.
constexpr std::size_t kMaxEntries = std::size_t{1} << 24U;
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30U;
constexpr std::size_t kMaxMarkerBytes = 64;

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581, a space in spellings

enum GgufTokenType : std::int64_t { kControl = 3, kUserDefined = 4, kUnusedType = 5, kByteType = 6 };

// The reason alone; Tokenizer::from_gguf makes a sentence of it.
Error unusable(std::string reason) {
  return {Error::Code::CorruptFile, std::move(reason)};
}

bool is_unused_name(std::string_view spelling) {
  constexpr std::string_view kPrefix = "<unused";
  if (!spelling.starts_with(kPrefix) || !spelling.ends_with('>') || spelling.size() < kPrefix.size() + 2) return false;
  const std::string_view number = spelling.substr(kPrefix.size(), spelling.size() - kPrefix.size() - 1);
  return std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string byte_spelling(std::size_t byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">";
}

}  // namespace

std::uint64_t draw_hash_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

Result<Vocabulary> Vocabulary::from_gguf(const GgufFile& file) {
  auto spellings = file.strings("tokenizer.ggml.tokens");
  if (!spellings) return unusable("it has no list of tokens (tokenizer.ggml.tokens)");
  if (spellings->size() > kMaxEntries) return unusable("it lists " + std::to_string(spellings->size()) + " tokens");
  std::size_t bytes = 0;
  for (const std::string_view spelling : *spellings)
    bytes += spelling.size();
  if (bytes > kMaxTextBytes) return unusable("its tokens are too long");

  Vocabulary vocabulary;
  vocabulary.spellings_ = std::move(*spellings);
  FACET_RETURN_IF_ERROR(vocabulary.index_spellings());
  FACET_RETURN_IF_ERROR(vocabulary.read_types(file));
  for (const std::string_view marker : kTextMarkers) {
    if (!vocabulary.find(marker)) return unusable("its vocabulary lacks the marker " + std::string(marker));
  }
  vocabulary.find_markers();
  vocabulary.print_texts();
  return vocabulary;
}

Status Vocabulary::index_spellings() {
  // One seed in ten thousand fails for a vocabulary of real size.
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool fits, try_seed(draw_hash_seed()));
    if (fits) return {};
  }
}

// False when two different entries meet with the same part of their hashes.
Result<bool> Vocabulary::try_seed(std::uint64_t seed) {
  constexpr std::size_t kAhead = 16;  // slots are fetched so many entries before they are needed
  hash_seed_ = seed;
  slots_.assign(slots_for(spellings_.size()), Slot{});
  std::vector<std::uint64_t> hashes;
  hashes.reserve(spellings_.size());
  for (const std::string_view spelling : spellings_)
    hashes.push_back(hash_bytes(spelling, seed));
  for (std::size_t id = 0; id < spellings_.size(); ++id) {
    if (id + kAhead < hashes.size()) __builtin_prefetch(&slots_[hashes[id + kAhead] & (slots_.size() - 1)]);
    Slot& slot = slots_[slot_of(hashes[id])];
    if (slot.token_plus_1 != 0) {
      const std::size_t other = slot.token_plus_1 - 1;
      if (spellings_[other] != spellings_[id]) return false;
      return unusable("the tokens " + std::to_string(other) + " and " + std::to_string(id) + " are the same");
    }
    slot = {static_cast<std::uint32_t>(hashes[id] >> 32U), static_cast<std::uint32_t>(id) + 1};
  }
  return true;
}

// Kinds by the file's types first; strings that mean something by themselves overrule them.
Status Vocabulary::read_types(const GgufFile& file) {
  constexpr std::string_view kKey = "tokenizer.ggml.token_type";
  kinds_.assign(spellings_.size(), Kind::Text);
  std::vector<bool> typed_as_byte(spellings_.size(), false);
  if (file.has(kKey)) {
    const auto types = file.integers(kKey);
    if (!types) return unusable("its token types are not numbers");
    if (types->size() != spellings_.size())
      return unusable("it has " + std::to_string(spellings_.size()) + " tokens but " + std::to_string(types->size()) +
                      " token types");
    for (std::size_t id = 0; id < types->size(); ++id) {
      const std::int64_t type = (*types)[id];
      if (type == kControl || type == kUserDefined) kinds_[id] = Kind::Marker;
      if (type == kUnusedType) kinds_[id] = Kind::Unused;
      typed_as_byte[id] = type == kByteType;
    }
  }
  for (std::size_t id = 0; id < spellings_.size(); ++id) {
    if (is_unused_name(spellings_[id])) kinds_[id] = Kind::Unused;
  }
  for (const auto& [names, count] :
       {std::pair(kTextMarkers.data(), kTextMarkers.size()), std::pair(kOtherMarkers.data(), kOtherMarkers.size())}) {
    for (const std::string_view name : std::span(names, count)) {
      if (const auto id = find(name)) kinds_[static_cast<std::size_t>(*id)] = Kind::Marker;
    }
  }
  return find_bytes(typed_as_byte);
}

Status Vocabulary::find_bytes(const std::vector<bool>& typed_as_byte) {
  for (std::size_t byte = 0; byte < byte_tokens_.size(); ++byte) {
    const std::string spelling = byte_spelling(byte);
    const std::optional<Token> token = find(spelling);
    if (!token) return unusable("its vocabulary lacks the byte token " + spelling);
    byte_tokens_[byte] = *token;
    kinds_[static_cast<std::size_t>(*token)] = Kind::Byte;
  }
  for (std::size_t id = 0; id < typed_as_byte.size(); ++id) {
    if (typed_as_byte[id] && kinds_[id] != Kind::Byte)
      return unusable("the token " + std::to_string(id) + " is typed as a byte but does not name one");
  }
  return {};
}

void Vocabulary::find_markers() {
  for (std::size_t id = 0; id < kinds_.size(); ++id) {
    const std::string_view spelling = spellings_[id];
    if (kinds_[id] != Kind::Marker || spelling.empty() || spelling.size() > kMaxMarkerBytes) continue;
    begins_marker_[static_cast<std::uint8_t>(spelling.front())] = true;
    marker_lengths_.push_back(spelling.size());
  }
  std::sort(marker_lengths_.begin(), marker_lengths_.end(), std::greater<>());
  marker_lengths_.erase(std::unique(marker_lengths_.begin(), marker_lengths_.end()), marker_lengths_.end());
}

void Vocabulary::print_texts() {
  text_offsets_.reserve(spellings_.size() + 1);
  for (std::size_t id = 0; id < spellings_.size(); ++id) {
    text_offsets_.push_back(static_cast<std::uint32_t>(texts_.size()));
    std::string_view rest = spellings_[id];
    if (kinds_[id] == Kind::Marker || kinds_[id] == Kind::Byte) continue;
    for (std::size_t at = rest.find(kSpaceSymbol); at != std::string_view::npos; at = rest.find(kSpaceSymbol)) {
      texts_ += rest.substr(0, at);
      texts_ += ' ';
      rest.remove_prefix(at + kSpaceSymbol.size());
    }
    texts_ += rest;
  }
  text_offsets_.push_back(static_cast<std::uint32_t>(texts_.size()));
  for (std::size_t byte = 0; byte < byte_tokens_.size(); ++byte)
    texts_ += static_cast<char>(byte);
  texts_.shrink_to_fit();
}

std::string_view Vocabulary::text(Token token) const {
  const auto id = static_cast<std::size_t>(token);
  const std::string_view all = texts_;
  if (kinds_[id] != Kind::Byte) return all.substr(text_offsets_[id], text_offsets_[id + 1] - text_offsets_[id]);
  const auto byte = std::find(byte_tokens_.begin(), byte_tokens_.end(), token) - byte_tokens_.begin();
  return all.substr(text_offsets_.back() + static_cast<std::size_t>(byte), 1);
}

std::size_t Vocabulary::slot_of(std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].token_plus_1 != 0 && slots_[at].hash != static_cast<std::uint32_t>(hash >> 32U))
    at = (at + 1) & mask;
  return at;
}

std::optional<Token> Vocabulary::find(std::string_view spelling) const {
  const Slot& slot = slots_[slot_of(hash_bytes(spelling, hash_seed_))];
  if (slot.token_plus_1 == 0 || spellings_[slot.token_plus_1 - 1] != spelling) return std::nullopt;
  return static_cast<Token>(slot.token_plus_1 - 1);
}

void Vocabulary::find_all(std::span<const std::string_view> spellings, std::vector<Token>& found) const {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(spellings.size());
  for (const std::string_view spelling : spellings) {
    hashes.push_back(hash_bytes(spelling, hash_seed_));
    __builtin_prefetch(&slots_[hashes.back() & (slots_.size() - 1)]);
  }
  found.clear();
  for (const std::uint64_t hash : hashes)
    found.push_back(static_cast<Token>(slots_[slot_of(hash)].token_plus_1) - 1);
}

std::optional<Token> Vocabulary::marker_at_start(std::string_view text) const {
  if (text.empty() || !begins_marker_[static_cast<std::uint8_t>(text.front())]) return std::nullopt;
  for (const std::size_t length : marker_lengths_) {
    if (length > text.size()) continue;
    const std::optional<Token> token = find(text.substr(0, length));
    if (token && kind(*token) == Kind::Marker) return token;
  }
  return std::nullopt;
}

}  // namespace facet::engine
