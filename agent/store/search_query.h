#pragma once

#include <string>
#include <string_view>

namespace facet::agent {

// What a person types, as an expression of FTS5 that can not be malformed: every word is quoted, "quoted words" are a
// phrase, and the last word (or a quote left open) matches as a beginning. Empty when there is no word.
// With Any one of the words is enough, and each matches as a beginning: for who does not know what was written.
enum class WordMatch { All, Any };
std::string search_query(std::string_view typed, WordMatch match = WordMatch::All);

// A snippet in which the matches stand between the bytes 1 and 2, as one line of plain text with the matches between
// U+2068 and U+2069. Isolates of the text itself are dropped, so that a mark is always a match.
std::string marked_snippet(std::string_view raw);

}  // namespace facet::agent
