#include <algorithm>
#include <limits>

#include "tools/all_tools.h"
#include "tools/planned_path.h"
#include "tools/text.h"
#include "tools/text_file.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::ToolContext;
using agent::ToolResult;

constexpr std::int64_t kMostLines = 2000;
constexpr std::size_t kNoteBytes = 160;  // kept free for the last line of a cut result
// How far the lines are counted behind what is returned, so that a file of many gigabytes does not hold up the answer.
constexpr std::int64_t kCountedBytes = 256LL * 1024 * 1024;
constexpr std::int64_t kProgressBytes = 64LL * 1024 * 1024;

const char kDescription[] = "Read a text file, whole or a range of lines.";

Json parameters() {
  return {
      {"type", "object"},
      {"properties",
       {{"path", {{"type", "string"}, {"description", "Path of the file."}}},
        {"first_line", {{"type", "integer"}, {"description", "First line to return, counted from 1."}, {"minimum", 1}}},
        {"line_count", {{"type", "integer"}, {"description", "How many lines to return."}, {"minimum", 1}}}}},
      {"required", {"path"}}};
}

// Which lines are wanted, and what has been taken so far.
struct Extract {
  std::int64_t first = 1;
  std::int64_t wanted = kMostLines;
  std::size_t limit_bytes = 0;

  std::string text;
  std::int64_t taken = 0;
  bool full = false;          // a limit ended it, not the range
  std::size_t cut_bytes = 0;  // length of the only line when it is too long for a result

  // False when the line belongs to the range but does not fit any more.
  void add(const TextLine& line) {
    if (full || taken >= wanted) return;
    if (taken == kMostLines) {
      full = true;
      return;
    }
    const bool fits = text.size() + line.bytes + 1 <= limit_bytes;
    if (!fits && taken > 0) {
      full = true;
      return;
    }
    if (taken > 0) text += '\n';
    text += fits ? line.text : utf8_prefix(line.text, limit_bytes);
    if (!fits) cut_bytes = line.bytes;
    ++taken;
  }
};

struct Count {
  std::int64_t lines = 0;
  bool complete = true;
};

// Reads on to the end, so that the total can be told, within reason.
Count extract_lines(TextFile& file, Extract& extract, const ToolContext& context) {
  Count count;
  TextLine line;
  std::int64_t end_of_extract = 0;
  std::int64_t next_progress = kProgressBytes;
  while (file.next_line(line)) {
    ++count.lines;
    if (count.lines >= extract.first) extract.add(line);
    const bool done = extract.full || extract.taken >= extract.wanted;
    if (!done) end_of_extract = file.bytes_read();
    if (done && file.bytes_read() - end_of_extract > kCountedBytes) {
      count.complete = false;
      break;
    }
    if (file.bytes_read() >= next_progress && context.progress) {
      context.progress("read " + readable_size(file.bytes_read()));
      next_progress += kProgressBytes;
    }
  }
  return count;
}

std::string note_for(const Extract& extract, const Count& count) {
  const std::int64_t last = extract.first + extract.taken - 1;
  const std::string total = (count.complete ? "" : "more than ") + std::to_string(count.lines);
  const std::string next = "read on with first_line=" + std::to_string(last + 1);
  if (extract.cut_bytes > 0) {
    const std::string cut = "[line " + std::to_string(last) + " of " + total + " is cut after " +
                            std::to_string(extract.text.size()) + " of " + std::to_string(extract.cut_bytes) + " bytes";
    return cut + (last < count.lines ? "; " + next + "]" : "]");
  }
  return "[lines " + std::to_string(extract.first) + "-" + std::to_string(last) + " of " + total + "; " + next + "]";
}

ToolResult finish(const std::string& path, const Opened& opened, const TextFile& file, const Extract& extract,
                  const Count& count) {
  if (extract.taken == 0 && extract.first > 1)
    return ToolResult::failure(one_line(path) + " has only " + std::to_string(count.lines) +
                               (count.lines == 1 ? " line" : " lines"));
  ToolResult result;
  result.details = {{"path", valid_utf8(opened.path)},
                    {"first_line", extract.first},
                    {"last_line", extract.first + extract.taken - 1},
                    {"lines", count.lines},
                    {"bytes", opened.bytes},
                    {"encoding", file.encoding_name()},
                    {"cut", extract.full || extract.cut_bytes > 0}};
  result.content = count.lines == 0 ? "[the file is empty]" : extract.text;
  if (extract.full || extract.cut_bytes > 0) result.content += "\n" + note_for(extract, count);
  return result;
}

ToolResult run(const Json& arguments, const PlannedEffect& planned, const ToolContext& context) {
  const std::string path = text_argument(arguments, "path");
  const Workspace workspace(context.folders);
  Result<Opened> opened = open_planned(path, Wanted::File, workspace, planned, context);
  if (!opened.ok()) return ToolResult::failure(opened.error().message);

  Extract extract;
  extract.first = std::max<std::int64_t>(1, number_argument(arguments, "first_line", 1));
  extract.wanted =
      std::max<std::int64_t>(1, number_argument(arguments, "line_count", std::numeric_limits<std::int64_t>::max()));
  extract.limit_bytes = context.result_limit_bytes - std::min(kNoteBytes, context.result_limit_bytes / 2);
  Result<TextFile> file = open_text(path, *opened, extract.limit_bytes, context);
  if (!file.ok()) return ToolResult::failure(file.error().message);
  const Count count = extract_lines(*file, extract, context);
  if (file->stopped()) return stopped_result();
  if (file->failed()) return ToolResult::failure(one_line(path) + " could not be read to its end");
  return finish(path, *opened, *file, extract, count);
}

}  // namespace

agent::Tool read_file_tool() {
  return {"read_file",
          kDescription,
          parameters(),
          agent::Effect::Read,
          [](const Json& arguments, const ToolContext& context) {
            return plan_path(text_argument(arguments, "path"), Wanted::File, "Read", context);
          },
          run};
}

}  // namespace facet::tools
