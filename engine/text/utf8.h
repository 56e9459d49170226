#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace facet::engine {

// U+FFFD, which stands for bytes that are no UTF-8.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// What begins at the start of `bytes` (not empty).
struct Utf8Piece {
  enum class Kind {
    Complete,    // one code point
    Invalid,     // the longest beginning of a sequence that can not become valid any more
    Unfinished,  // a beginning that the end of the bytes has cut off
  };
  Kind kind;
  std::size_t bytes;  // 1 to 4
};
Utf8Piece first_utf8_piece(std::string_view bytes);

// Moves what is complete from the front of `bytes` to the end of `text`, each invalid piece as U+FFFD. What stays in
// `bytes` is the beginning of an unfinished sequence, at most three bytes.
void release_utf8(std::string& bytes, std::string& text);

// The same at once, for bytes that nothing follows.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace facet::engine
