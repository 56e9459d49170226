#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/tool.h"

// The rules for text that the template inherits from Python, in which it is defined.
namespace facet::agent {

// Without white space at both ends, as str.strip does it: U+0009..U+000D, U+001C..U+0020, U+0085, U+00A0 and the
// Unicode spaces, but not U+200B or U+FEFF. Works on any bytes.
std::string_view trim(std::string_view text);

// ASCII white space alone. What a model writes between markers is judged by it, byte by byte.
inline bool is_ascii_space(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

// Lower case of every code point, as str.lower does it (without the rule for a final sigma).
std::string lower_case(std::string_view text);
// ASCII letters in upper case: for the type names of schemas.
std::string upper_case(std::string_view text);

// Code points as UTF-8.
void append_utf8(std::string& out, char32_t code_point);

// The members of an object sorted by lower-cased key, as Jinja's dictsort.
std::vector<std::pair<std::string, const Json*>> sorted_members(const Json& object);

// A value the way `{{ value }}` prints it: a string as it is, None for null, numbers as repr does, lists and objects in
// Python's notation.
std::string python_text(const Json& value);
// A number as repr prints it: integers exact, others in the shortest form that reads back ("0.5", "1.0", "1e+20").
std::string number_text(const Json& number);

// Thoughts cut out of an old answer: at every `<channel|>` a piece ends; of each piece only what precedes its first
// `<|channel>` stays; what is left is joined and trimmed.
std::string strip_thoughts(std::string_view text);

}  // namespace facet::agent
