#pragma once

#include <string>

#include "tools/code/outline.h"

namespace facet::tools::code {

// "12-40", or "12" when it is one line.
std::string lines_of(const Symbol& symbol);

// Symbols of an outline, one on a line, indented by how they are nested: "  18-22 void draw(Painter& painter) const".
struct OutlineText {
  std::string text;
  std::size_t first = 0;  // of those that are listed at all, counted from 1
  std::size_t last = 0;
  std::size_t all = 0;
};

// Those from the one numbered `first` on that fit into `limit_bytes`, at least one; symbols nested `depth` deep and
// deeper are not listed.
OutlineText outline_text(const Outline& outline, std::size_t first, std::size_t depth, std::size_t limit_bytes);

}  // namespace facet::tools::code
