#include "agent/meeting/captions.h"

#include <algorithm>

#include "agent/meeting/export.h"

namespace facet::agent {

namespace {

constexpr std::size_t kLine = 42;             // characters
constexpr std::size_t kEnoughForEnding = 24;  // of a caption that a sentence may end

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

// Words, of which those that are longer than a line are divided.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  bool in_word = false;
  std::size_t length = 0;
  for (const char c : text) {
    if (c == ' ') {
      in_word = false;
      continue;
    }
    if (!in_word || (length == kLine && begins_character(c))) {
      words.emplace_back();
      length = 0;
    }
    in_word = true;
    length += begins_character(c) ? 1 : 0;
    words.back() += c;
  }
  return words;
}

bool ends_sentence(const std::string& word) {
  return word.ends_with('.') || word.ends_with('!') || word.ends_with('?') || word.ends_with("。");
}

std::vector<std::vector<std::string>> lines_of(const std::string& text) {
  std::vector<std::vector<std::string>> captions;
  bool is_full = true;
  std::size_t held = 0;  // characters in the last caption
  for (const std::string& word : words_of(text)) {
    const std::size_t length = characters(word);
    if (is_full) {
      captions.push_back({word});
      held = length;
    } else if (characters(captions.back().back()) + 1 + length <= kLine) {
      captions.back().back() += " " + word;
      held += 1 + length;
    } else if (captions.back().size() == 1) {
      captions.back().push_back(word);
      held += 1 + length;
    } else {
      captions.push_back({word});
      held = length;
    }
    is_full = ends_sentence(word) && held >= kEnoughForEnding;
  }
  return captions;
}

void add_captions(const Segment& segment, std::vector<Caption>& captions) {
  const auto parts = lines_of(segment.text);
  std::int64_t total = 0;
  std::vector<std::int64_t> ends;
  for (const auto& lines : parts) {
    for (const std::string& line : lines)
      total += static_cast<std::int64_t>(characters(line));
    ends.push_back(total);
  }
  const std::int64_t begin = begin_ms(segment);
  const std::int64_t length = end_ms(segment) - begin;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::int64_t before = i == 0 ? 0 : ends[i - 1];
    captions.push_back({begin + length * before / total, begin + length * ends[i] / total, parts[i]});
  }
}

}  // namespace

std::vector<Caption> captions_of(std::span<const Segment> segments) {
  std::vector<Caption> captions;
  for (const Segment& segment : segments)
    add_captions(segment, captions);
  return captions;
}

}  // namespace facet::agent
