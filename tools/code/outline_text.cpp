#include "tools/code/outline_text.h"

namespace facet::tools::code {

std::string lines_of(const Symbol& symbol) {
  const std::string first = std::to_string(symbol.first_line);
  return symbol.first_line == symbol.last_line ? first : first + "-" + std::to_string(symbol.last_line);
}

OutlineText outline_text(const Outline& outline, std::size_t first, std::size_t depth, std::size_t limit_bytes) {
  OutlineText result;
  result.first = first;
  bool full = false;
  for (const Symbol& symbol : outline.symbols) {
    if (symbol.depth >= depth) continue;
    ++result.all;
    if (result.all < first || full) continue;
    const std::string line = std::string(2 * symbol.depth, ' ') + lines_of(symbol) + " " + symbol.signature;
    full = !result.text.empty() && result.text.size() + line.size() + 1 > limit_bytes;
    if (full) continue;
    result.text += (result.text.empty() ? "" : "\n") + line;
    result.last = result.all;
  }
  return result;
}

}  // namespace facet::tools::code
