#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Small pieces for text that comes from files and file names.
namespace facet::tools {

inline constexpr char32_t kReplacement = 0xfffd;

void append_utf8(std::string& text, char32_t code_point);

// One code point taken from the front of UTF-8 text: its value and its bytes. `length` is 0 when the text begins with
// something that is not UTF-8, and `more` says whether further bytes could still make it so.
struct Utf8Step {
  char32_t code_point = 0;
  std::size_t length = 0;
  bool more = false;
};
Utf8Step utf8_step(std::string_view text);

// The same text with every byte that is not UTF-8 replaced.
std::string valid_utf8(std::string_view text);

// The longest beginning of at most `bytes` bytes that ends between two code points.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes);

// A file name on one line: control characters are written as \u{a}. Everything else stays as it is, so that the model
// can give the name back.
std::string one_line(std::string_view name);

// A path for a person who is to decide about it: characters that can not be seen or that reorder the text are written
// out as well.
std::string plainly(std::string_view path);

// For comparing without regard to case.
std::string fold_case(std::string_view text);

// "plan 2" before "Plan 10": without regard to case, numbers by value. A total order.
bool natural_less(std::string_view first, std::string_view second);

// "1.2 MB".
std::string readable_size(std::int64_t bytes);

// "2026-11-22", where this computer is.
std::string day_of(std::int64_t epoch_ms);

}  // namespace facet::tools
