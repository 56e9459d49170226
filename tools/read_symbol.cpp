#include <algorithm>

#include "tools/all_tools.h"
#include "tools/code/outline_apart.h"
#include "tools/code/outline_text.h"
#include "tools/code/source_file.h"
#include "tools/code/symbol_search.h"
#include "tools/planned_path.h"
#include "tools/text.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::ToolContext;
using agent::ToolResult;
using code::Outline;
using code::Symbol;

using Lines = std::vector<std::string_view>;

constexpr std::size_t kNoteBytes = 160;      // kept free for the last line of a cut result
constexpr std::size_t kShownNameBytes = 80;  // of a name in a sentence
constexpr std::size_t kMostWhole = 20;       // symbols of one name that are shown with their text

const char kDescription[] =
    "Read one function, class, section or key of a source file or a document, with the comments above it.";

Json parameters() {
  return {{"type", "object"},
          {"properties",
           {{"path", {{"type", "string"}, {"description", "Path of the file."}}},
            {"symbol",
             {{"type", "string"},
              {"description", "Its name, such as draw or Widget.draw; of a document the heading."},
              {"minLength", 1}}}}},
          {"required", {"path", "symbol"}}};
}

std::string numbered(const Lines& lines, std::int64_t number) {
  const std::string_view line =
      number >= 1 && number <= static_cast<std::int64_t>(lines.size()) ? lines[number - 1] : std::string_view();
  return std::to_string(number) + ": " + std::string(line);
}

std::size_t size_of(const Lines& lines, const Symbol& symbol) {
  std::size_t bytes = 0;
  for (std::int64_t number = symbol.lead_line; number <= symbol.last_line; ++number)
    bytes += numbered(lines, number).size() + 1;
  return bytes;
}

// The text of one symbol with its line numbers. What does not fit is read on with read_file.
std::string text_of_one(const Lines& lines, const Symbol& symbol, std::size_t limit_bytes) {
  std::string text;
  for (std::int64_t number = symbol.lead_line; number <= symbol.last_line; ++number) {
    const std::string line = numbered(lines, number);
    const bool first = number == symbol.lead_line;
    if (text.size() + line.size() + 1 <= limit_bytes) {
      text += (first ? "" : "\n") + line;
    } else if (first) {
      return std::string(utf8_prefix(line, limit_bytes)) + "\n[line " + std::to_string(number) + " of " +
             code::lines_of(symbol) + " is cut after " + std::to_string(limit_bytes) + " of " +
             std::to_string(line.size()) + " bytes]";
    } else {
      return text + "\n[lines " + std::to_string(symbol.lead_line) + "-" + std::to_string(number - 1) + " of " +
             std::to_string(symbol.lead_line) + "-" + std::to_string(symbol.last_line) +
             "; read on with read_file and first_line=" + std::to_string(number) + "]";
    }
  }
  return text;
}

// Each with its text when they all fit, otherwise as a list.
std::string text_of_several(const Lines& lines, const Outline& outline, const std::vector<std::size_t>& found,
                            std::size_t limit_bytes) {
  std::string text;
  bool fits = found.size() <= kMostWhole;
  for (std::size_t i = 0; i < found.size() && fits; ++i) {
    const Symbol& symbol = outline.symbols[found[i]];
    const std::string head = "[" + std::to_string(i + 1) + " of " + std::to_string(found.size()) + ": " +
                             outline.qualified_name(found[i]) + "]\n";
    fits = text.size() + head.size() + size_of(lines, symbol) + 1 <= limit_bytes;
    if (fits) text += (i == 0 ? "" : "\n") + head + text_of_one(lines, symbol, limit_bytes);
  }
  if (fits) return text;

  text = "[" + std::to_string(found.size()) + " symbols have this name; read one with read_file, from its first line:]";
  for (const std::size_t index : found) {
    const std::string line = "\n" + code::lines_of(outline.symbols[index]) + " " + outline.qualified_name(index) +
                             ": " + outline.symbols[index].signature;
    if (text.size() + line.size() > limit_bytes) return text + "\n[and more; search_files finds others]";
    text += line;
  }
  return text;
}

ToolResult not_found(const std::string& path, const std::string& name, const Outline& outline) {
  std::string near;
  for (const std::string& other : code::near_names(outline, name))
    near += (near.empty() ? "" : ", ") + std::string(utf8_prefix(other, kShownNameBytes));
  return ToolResult::failure(one_line(path) + " has no symbol " +
                             std::string(utf8_prefix(one_line(name), kShownNameBytes)) +
                             (near.empty() ? "; code_outline lists those that it has" : "; near it: " + near));
}

ToolResult run(const Json& arguments, const PlannedEffect& planned, const ToolContext& context) {
  const std::string path = text_argument(arguments, "path");
  const std::string name = text_argument(arguments, "symbol");
  const Workspace workspace(context.folders);
  Result<Opened> opened = open_planned(path, Wanted::File, workspace, planned, context);
  if (!opened.ok()) return ToolResult::failure(opened.error().message);
  if (name.find_first_not_of(" \t\r\n") == std::string::npos) return ToolResult::failure("symbol is empty");
  const Result<code::SourceFile> source = code::read_source(path, *opened, context);
  if (context.stop.stop_requested()) return stopped_result();
  if (!source.ok()) return ToolResult::failure(source.error().message);
  const Result<Outline> outline = code::outline_apart(source->text, *source->grammar, context.stop);
  if (context.stop.stop_requested()) return stopped_result();
  if (!outline.ok()) return ToolResult::failure(one_line(path) + " " + outline.error().message);

  const std::vector<std::size_t> found = code::find_symbols(*outline, name);
  if (found.empty()) return not_found(path, name, *outline);
  const Lines lines = source->lines();
  const std::size_t limit_bytes = context.result_limit_bytes - std::min(kNoteBytes, context.result_limit_bytes / 2);
  const Symbol& first = outline->symbols[found.front()];
  ToolResult result;
  result.content =
      found.size() == 1 ? text_of_one(lines, first, limit_bytes) : text_of_several(lines, *outline, found, limit_bytes);
  result.details = {{"path", valid_utf8(opened->path)},
                    {"symbol", outline->qualified_name(found.front())},
                    {"symbols", found.size()},
                    {"first_line", first.lead_line},
                    {"last_line", first.last_line}};
  return result;
}

}  // namespace

agent::Tool read_symbol_tool() {
  return {"read_symbol",
          kDescription,
          parameters(),
          agent::Effect::Read,
          [](const Json& arguments, const ToolContext& context) {
            return plan_path(text_argument(arguments, "path"), Wanted::File, "Read", context);
          },
          run};
}

}  // namespace facet::tools
