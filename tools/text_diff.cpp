#include "tools/text_diff.h"

#include <dtl/dtl.hpp>
#include <sstream>
#include <vector>

#include "tools/text.h"

namespace facet::tools {
namespace {

using Lines = std::vector<std::string>;

// Without the line's end; a carriage return in front of it stays.
Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

std::string shown(std::string_view line) {
  std::string text;
  for (;;) {
    const std::size_t tab = line.find('\t');
    text += plainly(line.substr(0, tab));
    if (tab == std::string_view::npos) return text;
    text += '\t';
    line = line.substr(tab + 1);
  }
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, std::size_t most_lines) {
  dtl::Diff<std::string, Lines> diff(lines_of(before), lines_of(after), /*deletesFirst=*/true);
  diff.compose();
  diff.composeUnifiedHunks();
  std::ostringstream printed;
  diff.printUnifiedFormat(printed);

  const Lines lines = lines_of(printed.str());
  if (lines.empty()) return before == after ? "(nothing changes)" : "(the end of the last line changes)";
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < most_lines; ++i)
    text += (i == 0 ? "" : "\n") + shown(lines[i]);
  if (lines.size() > most_lines) text += "\n(" + std::to_string(lines.size() - most_lines) + " more lines)";
  return text;
}

}  // namespace facet::tools
