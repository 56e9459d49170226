#include "agent/meeting/repetition.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace facet::agent {

namespace {

constexpr std::size_t kMostWords = 40;  // of what is repeated
constexpr std::size_t kMostLetters = 8;
constexpr std::size_t kLeastLetterTimes = 12;
constexpr unsigned char kFirstOfThree = 0xE0;  // UTF-8: from U+0800 on a character has three bytes or more
constexpr char32_t kFirstWithoutSpaces = 0x2E80;

struct Word {
  std::string_view text;
  std::size_t end = 0;  // in the text
};

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// The length of the character that begins here, if it is one that stands for itself; otherwise 0.
std::size_t lone_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < kFirstOfThree || text.size() < 3) return 0;
  if (first >= 0xF0) return std::min<std::size_t>(4, text.size());
  const auto code = static_cast<char32_t>((first & 0x0FU) << 12U | (static_cast<unsigned char>(text[1]) & 0x3FU) << 6U |
                                          (static_cast<unsigned char>(text[2]) & 0x3FU));
  return code >= kFirstWithoutSpaces ? 3 : 0;
}

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    std::size_t length = lone_character(text.substr(at));
    if (length == 0)
      while (at + length < text.size() && !is_space(text[at + length]) && lone_character(text.substr(at + length)) == 0)
        ++length;
    words.push_back({text.substr(at, length), at + length});
    at += length;
  }
  return words;
}

std::size_t least_times(std::size_t words) {
  if (words == 1) return 8;
  if (words <= 3) return 5;
  return words <= 7 ? 4 : 3;
}

// Where a sequence begins to follow itself so often, counted in its elements; the sequence's size where it does not.
template <typename Same, typename Times>
std::size_t first_repeated(std::size_t size, std::size_t unit, const Same& same, const Times& times) {
  std::size_t alike = 0;
  for (std::size_t i = 0; i + unit < size; ++i) {
    alike = same(i, i + unit) ? alike + 1 : 0;
    if (alike >= unit * (times - 1)) return i + 1 - alike;
  }
  return size;
}

std::optional<std::size_t> repeated_letters(const Word& word) {
  const std::string_view text = word.text;
  for (std::size_t unit = 1; unit <= kMostLetters; ++unit) {
    const auto same = [&](std::size_t a, std::size_t b) { return text[a] == text[b]; };
    const std::size_t first = first_repeated(text.size(), unit, same, kLeastLetterTimes);
    if (first == text.size()) continue;
    std::size_t length = first + unit;
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U)
      ++length;
    return word.end - text.size() + length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::size_t> length_before_repetition(std::string_view text) {
  const std::vector<Word> words = words_of(text);
  std::optional<std::size_t> length;
  const auto note = [&](std::size_t found) { length = std::min(length.value_or(found), found); };
  for (std::size_t unit = 1; unit <= kMostWords; ++unit) {
    const auto same = [&](std::size_t a, std::size_t b) { return words[a].text == words[b].text; };
    const std::size_t first = first_repeated(words.size(), unit, same, least_times(unit));
    if (first < words.size()) note(words[first + unit - 1].end);
  }
  for (const Word& word : words)
    if (const auto letters = repeated_letters(word)) note(*letters);
  return length;
}

}  // namespace facet::agent
