#include "tests/model/synthetic_tokenizer.h"

#include <array>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "engine/base/check.h"
#include "tests/model/random.h"

namespace facet::model_maker {
namespace {

constexpr std::uint32_t kRealSize = 262144;
constexpr std::uint32_t kFirstByte = 238;
constexpr std::uint32_t kFirstOrdinary = kFirstByte + 256;
constexpr std::uint32_t kLongestRun = 31;
constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581, a space in spellings

enum Type : std::int32_t { kOrdinary = 1, kControl = 3, kUserDefined = 4, kByte = 6 };

struct Fixed {
  std::uint32_t id;
  std::string_view spelling;
  Type type;
};
constexpr std::array kFixed = {
    Fixed{0, "<pad>", kControl},
    Fixed{1, "<eos>", kControl},
    Fixed{2, "<bos>", kControl},
    Fixed{3, "<unk>", kControl},
    Fixed{4, "<mask>", kControl},
    Fixed{5, "[multimodal]", kOrdinary},
    Fixed{46, "<|tool>", kControl},
    Fixed{47, "<tool|>", kControl},
    Fixed{48, "<|tool_call>", kUserDefined},
    Fixed{49, "<tool_call|>", kUserDefined},
    Fixed{50, "<|tool_response>", kUserDefined},
    Fixed{51, "<tool_response|>", kUserDefined},
    Fixed{52, "<|\"|>", kUserDefined},
    Fixed{98, "<|think|>", kControl},
    Fixed{100, "<|channel>", kUserDefined},
    Fixed{101, "<channel|>", kUserDefined},
    Fixed{105, "<|turn>", kControl},
    Fixed{106, "<turn|>", kControl},
    Fixed{212, "</s>", kOrdinary},
};
// Of pictures and sound: their ids at the real size. Otherwise they come last, in this order.
constexpr std::array kMedia = {
    Fixed{255999, "<|image>", kControl},  Fixed{256000, "<|audio>", kControl}, Fixed{258880, "<|image|>", kControl},
    Fixed{258881, "<|audio|>", kControl}, Fixed{258882, "<image|>", kControl}, Fixed{258883, "<audio|>", kControl},
    Fixed{258884, "<|video|>", kControl},
};
constexpr std::uint32_t kFirstTab = 255968;

std::string repeated(std::string_view text, std::uint32_t count) {
  std::string all;
  for (std::uint32_t i = 0; i < count; ++i)
    all += text;
  return all;
}

std::string utf8(std::uint32_t code) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0U | (code >> 6U)), byte(0x80U | (code & 63U))};
  return {byte(0xE0U | (code >> 12U)), byte(0x80U | ((code >> 6U) & 63U)), byte(0x80U | (code & 63U))};
}

class Builder {
 public:
  explicit Builder(std::uint32_t size) : size_(size), random_(0, "tokenizer") {
    result_.tokens.resize(size);
    result_.types.assign(size, kOrdinary);
  }

  SyntheticTokenizer build() {
    for (const Fixed& entry : kFixed)
      put(entry.id, std::string(entry.spelling), entry.type);
    bytes();
    runs("\n", 107, /*first_length=*/1);
    runs(kSpace, 138, /*first_length=*/2);
    media();
    if (real_size()) runs("\t", kFirstTab, /*first_length=*/1);
    characters();
    words();
    unused();
    return std::move(result_);
  }

 private:
  // A word, or a letter, that further words are made of.
  struct Piece {
    std::string spelling;
    std::uint32_t letters;
  };
  static constexpr std::uint32_t kMostLetters = 12;

  bool real_size() const { return size_ >= kRealSize; }
  std::uint32_t end_of_words() const {
    return real_size() ? kFirstTab : size_ - static_cast<std::uint32_t>(kMedia.size());
  }

  void put(std::uint32_t id, std::string spelling, Type type) {
    FACET_CHECK(result_.tokens[id].empty(), "token %u", id);
    known_.insert(spelling);
    result_.tokens[id] = std::move(spelling);
    result_.types[id] = type;
  }

  void bytes() {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (std::uint32_t byte = 0; byte < 256; ++byte)
      put(kFirstByte + byte, std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">", kByte);
  }

  // Longest first, so that a run takes up its neighbours until it is an entry of the greatest length.
  void runs(std::string_view symbol, std::uint32_t first_id, std::uint32_t first_length) {
    for (std::uint32_t length = first_length; length <= kLongestRun; ++length)
      put(first_id + length - first_length, repeated(symbol, length), kOrdinary);
    for (std::uint32_t length = kLongestRun; length > 1; --length)
      for (std::uint32_t left = length - 1; left > 0; --left)
        result_.merges.push_back(repeated(symbol, left) + " " + repeated(symbol, length - left));
  }

  void media() {
    const std::uint32_t first = size_ - static_cast<std::uint32_t>(kMedia.size());
    for (std::uint32_t i = 0; i < kMedia.size(); ++i)
      put(real_size() ? kMedia[i].id : first + i, std::string(kMedia[i].spelling), kMedia[i].type);
  }

  void characters() {
    add_character(std::string(kSpace), /*in_words=*/true);
    for (std::uint32_t code = 0x21; code < 0x7F; ++code) {
      add_character(utf8(code), /*in_words=*/code >= 'a' && code <= 'z');
    }
    if (!real_size()) return;
    const std::array<std::pair<std::uint32_t, std::uint32_t>, 4> ranges = {
        {{0xC0, 0x180}, {0x391, 0x3CA}, {0x410, 0x450}, {0x4E00, 0x5600}}};
    for (const auto& [first, end] : ranges)
      for (std::uint32_t code = first; code < end; ++code)
        if (code != 0x3A2) add_character(utf8(code), /*in_words=*/false);
  }

  void add_character(std::string spelling, bool in_words) {
    if (in_words) pieces_.push_back({spelling, 1});
    put(next_++, std::move(spelling), kOrdinary);
  }

  // Each word is two pieces side by side.
  void words() {
    while (next_ < end_of_words()) {
      const Piece& left = draw();
      const Piece& right = draw();
      if (left.letters + right.letters > kMostLetters || right.spelling.starts_with(kSpace)) continue;
      const std::string word = left.spelling + right.spelling;
      if (known_.contains(word)) continue;
      result_.merges.push_back(left.spelling + " " + right.spelling);
      add_other_merges(word, left.spelling.size());
      pieces_.push_back({word, left.letters + right.letters});
      put(next_++, word, kOrdinary);
    }
  }

  // The early, short ones by far the most often: then words resemble each other as in a vocabulary that was learned,
  // and most can be put together in several ways.
  const Piece& draw() {
    double place = random_.uniform();
    for (int i = 0; i < 4; ++i)
      place *= place;
    return pieces_[static_cast<std::size_t>(place * static_cast<double>(pieces_.size()))];
  }

  // The other ways to make the word of two entries.
  void add_other_merges(const std::string& word, std::size_t first_split) {
    for (std::size_t split = 1; split < word.size(); ++split) {
      if (split == first_split) continue;
      const std::string left = word.substr(0, split);
      const std::string right = word.substr(split);
      if (known_.contains(left) && known_.contains(right)) result_.merges.push_back(left + " " + right);
    }
  }

  void unused() {
    std::uint32_t number = 0;
    for (std::uint32_t id = 0; id < size_; ++id)
      if (result_.tokens[id].empty()) put(id, "<unused" + std::to_string(number++) + ">", kOrdinary);
  }

  std::uint32_t size_;
  std::uint32_t next_ = kFirstOrdinary;
  Random random_;
  std::vector<Piece> pieces_;
  std::unordered_set<std::string> known_;
  SyntheticTokenizer result_;
};

}  // namespace

SyntheticTokenizer make_tokenizer(std::uint32_t size) {
  FACET_CHECK(size >= kLeastVocabulary && (size >= kRealSize || size < kFirstTab), "%u tokens", size);
  return Builder(size).build();
}

}  // namespace facet::model_maker
