#include "agent/prompt/quoted_text.h"

#include "agent/prompt/text_rules.h"

namespace facet::agent {
namespace {

bool is_space(char16_t symbol) {
  return symbol < 0x80 && is_ascii_space(static_cast<char>(symbol));
}

std::optional<std::size_t> closing_quote(std::u16string_view symbols, std::size_t begin, std::string_view followers) {
  const char16_t quote = symbols[begin];
  for (std::size_t at = begin + 1; at < symbols.size() && symbols[at] != kDelimiterSymbol; ++at) {
    if (symbols[at] == u'\\') {
      ++at;
      continue;
    }
    if (symbols[at] != quote) continue;
    std::size_t next = at + 1;
    while (next < symbols.size() && is_space(symbols[next]))
      ++next;
    if (next == symbols.size() || symbols[next] == kDelimiterSymbol) return at;
    if (symbols[next] < 0x80 && followers.find(static_cast<char>(symbols[next])) != std::string_view::npos) return at;
  }
  return std::nullopt;
}

// Four hexadecimal digits at `at`.
std::optional<char32_t> hex4(std::u16string_view symbols, std::size_t at) {
  if (at + 4 > symbols.size()) return std::nullopt;
  char32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const char16_t c = symbols[i];
    const bool digit = c >= u'0' && c <= u'9';
    const bool letter = (c >= u'a' && c <= u'f') || (c >= u'A' && c <= u'F');
    if (!digit && !letter) return std::nullopt;
    value = value * 16 + (digit ? c - u'0' : (c | 0x20U) - u'a' + 10U);
  }
  return value;
}

// Decodes `\uXXXX`, a surrogate pair included, whose `u` is at `at`. Returns the symbols used, 0 when it is none.
std::size_t append_unicode_escape(std::u16string_view symbols, std::size_t at, std::string& out) {
  const std::optional<char32_t> first = hex4(symbols, at + 1);
  if (!first) return 0;
  if (*first < 0xD800 || *first > 0xDFFF) {
    append_utf8(out, *first);
    return 5;
  }
  const bool pair = *first < 0xDC00 && symbols.substr(at + 5).starts_with(u"\\u");
  const std::optional<char32_t> second = pair ? hex4(symbols, at + 7) : std::nullopt;
  if (!second || *second < 0xDC00 || *second > 0xDFFF) return 0;
  append_utf8(out, 0x10000 + ((*first - 0xD800) << 10U) + (*second - 0xDC00));
  return 11;
}

// Decodes the escape behind a backslash at `at` - 1. One that neither language knows stands for itself, as in Python.
std::size_t append_escape(std::u16string_view symbols, std::size_t at, std::string& out) {
  constexpr std::u16string_view kNames = u"\"'\\/bfnrt";
  constexpr std::string_view kValues = "\"'\\/\b\f\n\r\t";
  const std::size_t known = kNames.find(symbols[at]);
  if (known != std::u16string_view::npos) {
    out += kValues[known];
    return 1;
  }
  if (symbols[at] == u'u') {
    if (const std::size_t used = append_unicode_escape(symbols, at, out)) return used;
  }
  out += '\\';
  return 0;
}

}  // namespace

std::optional<QuotedText> read_quoted(std::u16string_view symbols, std::size_t begin, std::string_view followers) {
  const std::optional<std::size_t> end = closing_quote(symbols, begin, followers);
  if (!end) return std::nullopt;
  const std::u16string_view inside = symbols.substr(0, *end);
  QuotedText quoted;
  for (std::size_t at = begin + 1; at < *end;) {
    if (inside[at] != u'\\' || at + 1 == *end) {
      quoted.text += static_cast<char>(inside[at++]);
      continue;
    }
    ++at;
    at += append_escape(inside, at, quoted.text);
  }
  quoted.end = *end + 1;
  return quoted;
}

}  // namespace facet::agent
