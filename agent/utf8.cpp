#include "agent/utf8.h"

namespace facet::agent {

namespace {

constexpr std::string_view kReplacement = "\uFFFD";
constexpr std::size_t kTitleCharacters = 60;

// The bytes of the code point at the start, 0 when there is none (Unicode standard, table 3-7).
std::size_t code_point_size(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  // No overlong forms, no surrogates, nothing beyond U+10FFFF.
  const unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  return size;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t size = code_point_size(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

std::string to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t size = code_point_size(bytes);
    text += size == 0 ? kReplacement : bytes.substr(0, size);
    bytes.remove_prefix(size == 0 ? 1 : size);
  }
  return text;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80)
    --bytes;
  return text.substr(0, bytes);
}

std::string title_of(std::string_view text) {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  text = text.substr(0, text.find_first_of("\r\n"));
  std::size_t characters = 0;
  std::size_t end = 0;        // of the title so far
  std::size_t last_word = 0;  // where the last complete word ended
  while (end < text.size() && characters < kTitleCharacters) {
    if (is_space(text[end]) && end > 0 && !is_space(text[end - 1])) last_word = end;
    const std::size_t size = code_point_size(text.substr(end));
    end += size == 0 ? 1 : size;
    ++characters;
  }
  const bool is_cut = end < text.size();
  // A word that alone is longer than half a title is cut where the space ends.
  if (is_cut && !is_space(text[end]) && last_word > kTitleCharacters / 2) end = last_word;
  std::string_view title = text.substr(0, end);
  while (!title.empty() && is_space(title.back()))
    title.remove_suffix(1);
  return std::string(title) + (is_cut ? "…" : "");
}

std::string in_one_line(std::string_view text, std::size_t bytes) {
  std::string line;
  for (const char c : text)
    if (!is_space(c) || (!line.empty() && line.back() != ' ')) line += is_space(c) ? ' ' : c;
  if (!line.empty() && line.back() == ' ') line.pop_back();
  const std::string_view kept = utf8_prefix(line, bytes);
  return std::string(kept) + (kept.size() < line.size() ? "..." : "");
}

}  // namespace facet::agent
