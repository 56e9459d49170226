#include "tools/text.h"

#include <QChar>
#include <array>
#include <cstdio>

namespace facet::tools {
namespace {

bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

void append_escaped(std::string& text, char32_t code_point) {
  std::array<char, 16> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), "\\u{%x}", static_cast<unsigned>(code_point));
  text.append(buffer.data(), static_cast<std::size_t>(length));
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

bool is_unseen(char32_t c) {
  const QChar::Category category = QChar::category(c);
  return category == QChar::Other_Format || category == QChar::Other_NotAssigned || (c >= 0xfe00 && c <= 0xfe0f) ||
         (category == QChar::Separator_Space && c != ' ');
}

template <typename Test>
std::string escape_where(std::string_view text, Test test) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    if (step.length == 0) {
      append_utf8(result, kReplacement);
    } else if (test(step.code_point)) {
      append_escaped(result, step.code_point);
    } else {
      result.append(text.substr(0, step.length));
    }
    text.remove_prefix(step.length == 0 ? 1 : step.length);
  }
  return result;
}

// The digits at the front without leading zeros.
std::string_view number_at(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_ascii_digit(text[end]))
    ++end;
  std::string_view digits = text.substr(0, end);
  while (digits.size() > 1 && digits.front() == '0')
    digits.remove_prefix(1);
  return digits;
}

std::size_t digits_at(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_ascii_digit(text[end]))
    ++end;
  return end;
}

// Negative, zero or positive, for texts whose case is folded already.
int compare_natural(std::string_view first, std::string_view second) {
  while (!first.empty() && !second.empty()) {
    if (is_ascii_digit(first.front()) && is_ascii_digit(second.front())) {
      const std::string_view a = number_at(first);
      const std::string_view b = number_at(second);
      if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
      if (const int order = a.compare(b); order != 0) return order;
      first.remove_prefix(digits_at(first));
      second.remove_prefix(digits_at(second));
      continue;
    }
    const auto a = static_cast<unsigned char>(first.front());
    const auto b = static_cast<unsigned char>(second.front());
    if (a != b) return a < b ? -1 : 1;
    first.remove_prefix(1);
    second.remove_prefix(1);
  }
  return static_cast<int>(!first.empty()) - static_cast<int>(!second.empty());
}

}  // namespace

void append_utf8(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xc0 | (c >> 6));
    text += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    text += static_cast<char>(0xe0 | (c >> 12));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | (c >> 18));
    text += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (c & 0x3f));
  }
}

Utf8Step utf8_step(std::string_view text) {
  if (text.empty()) return {0, 0, true};
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1, false};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return {};
  char32_t value = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size()) return {0, 0, true};
    const auto byte = static_cast<unsigned char>(text[i]);
    if (!is_continuation(text[i])) return {};
    // Overlong forms, surrogates and values beyond the last plane show in the second byte.
    if (i == 1 && ((lead == 0xe0 && byte < 0xa0) || (lead == 0xed && byte > 0x9f) || (lead == 0xf0 && byte < 0x90) ||
                   (lead == 0xf4 && byte > 0x8f)))
      return {};
    value = (value << 6) | (byte & 0x3f);
  }
  return {value, length, false};
}

std::string valid_utf8(std::string_view text) {
  return escape_where(text, [](char32_t) { return false; });
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && is_continuation(text[bytes]))
    --bytes;
  return text.substr(0, bytes);
}

std::string one_line(std::string_view name) {
  return escape_where(name, is_control);
}

std::string plainly(std::string_view path) {
  return escape_where(path, [](char32_t c) { return is_control(c) || is_unseen(c); });
}

std::string fold_case(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    if (static_cast<unsigned char>(c) < 0x80) {
      result += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
      text.remove_prefix(1);
      continue;
    }
    const Utf8Step step = utf8_step(text);
    append_utf8(result, step.length == 0 ? kReplacement : QChar::toCaseFolded(step.code_point));
    text.remove_prefix(step.length == 0 ? 1 : step.length);
  }
  return result;
}

bool natural_less(std::string_view first, std::string_view second) {
  const int order = compare_natural(fold_case(first), fold_case(second));
  return order != 0 ? order < 0 : first < second;
}

std::string readable_size(std::int64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"bytes", "KB", "MB", "GB", "TB"};
  if (bytes < 1000) return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 999.95 would be rounded to 1000.0 of the smaller unit.
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.1f %s", value, kUnits[unit]);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

std::string day_of(std::int64_t epoch_ms) {
  const std::time_t seconds = static_cast<std::time_t>(epoch_ms / 1000);
  std::tm parts = {};
  ::localtime_r(&seconds, &parts);
  std::array<char, 16> text = {};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

}  // namespace facet::tools
