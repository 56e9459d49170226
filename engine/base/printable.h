#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace facet {

// A name from a file as it may stand in a message: short, and without bytes that disturb a terminal.
inline std::string printable(std::string_view name) {
  std::string text(name.substr(0, 64));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace facet
