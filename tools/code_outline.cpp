#include <algorithm>

#include "tools/all_tools.h"
#include "tools/code/folder_outline.h"
#include "tools/code/outline_apart.h"
#include "tools/code/outline_text.h"
#include "tools/code/source_file.h"
#include "tools/planned_path.h"
#include "tools/text.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::ToolContext;
using agent::ToolResult;

constexpr std::size_t kNoteBytes = 240;  // kept free for the notes

const char kDescription[] =
    "List what a source file or a document consists of, such as classes, functions and headings.";

Json parameters() {
  return {{"type", "object"},
          {"properties",
           {{"path", {{"type", "string"}, {"description", "Path of the file, or of a folder for its programs."}}},
            {"first_symbol",
             {{"type", "integer"}, {"description", "First entry to return, counted from 1."}, {"minimum", 1}}}}},
          {"required", {"path"}}};
}

ToolResult outline_of_file(const std::string& path, Opened& opened, std::size_t first, std::size_t limit_bytes,
                           const ToolContext& context) {
  const Result<code::SourceFile> source = code::read_source(path, opened, context);
  if (!source.ok()) return ToolResult::failure(source.error().message);
  const Result<code::Outline> outline = code::outline_apart(source->text, *source->grammar, context.stop);
  if (!outline.ok()) return ToolResult::failure(one_line(path) + " " + outline.error().message);

  const code::OutlineText shown = code::outline_text(*outline, first, source->grammar->outline_depth, limit_bytes);
  if (shown.all < first && first > 1)
    return ToolResult::failure(one_line(path) + " has only " + std::to_string(shown.all) +
                               (shown.all == 1 ? " symbol" : " symbols"));
  ToolResult result;
  result.content = shown.all == 0 ? "[" + one_line(path) + " has no symbols]" : shown.text;
  if (shown.last < shown.all)
    result.content += "\n[symbols " + std::to_string(shown.first) + "-" + std::to_string(shown.last) + " of " +
                      std::to_string(shown.all) + "; read on with first_symbol=" + std::to_string(shown.last + 1) + "]";
  if (outline->error_line > 0)
    result.content += "\n[not everything is valid " + std::string(source->grammar->name) + ", beginning near line " +
                      std::to_string(outline->error_line) + "; symbols there may be missing]";
  result.details = {{"path", valid_utf8(opened.path)},
                    {"language", source->grammar->name},
                    {"symbols", shown.all},
                    {"error_line", outline->error_line}};
  return result;
}

ToolResult outline_of_folder(const std::string& path, const Workspace& workspace, const Opened& opened,
                             std::size_t limit_bytes, const ToolContext& context) {
  const code::FolderOutline outline = code::outline_folder(workspace, opened, context, limit_bytes);
  ToolResult result;
  result.content = outline.files == 0 && !outline.cut ? "[" + one_line(path) + " has no programs]" : outline.text;
  if (outline.cut)
    result.content += (outline.files > 0 ? "\n" : "") + std::string("[the first ") + std::to_string(outline.files) +
                      " files; outline a folder or a file in it to see others]";
  result.details = {{"path", valid_utf8(opened.path)}, {"files", outline.files}, {"cut", outline.cut}};
  return result;
}

ToolResult run(const Json& arguments, const PlannedEffect& planned, const ToolContext& context) {
  const std::string path = text_argument(arguments, "path");
  const auto first = static_cast<std::size_t>(std::max<std::int64_t>(1, number_argument(arguments, "first_symbol", 1)));
  const Workspace workspace(context.folders);
  Result<Opened> opened = open_planned(path, Wanted::Either, workspace, planned, context);
  if (!opened.ok()) return ToolResult::failure(opened.error().message);

  const std::size_t limit_bytes = context.result_limit_bytes - std::min(kNoteBytes, context.result_limit_bytes / 2);
  ToolResult result = opened->kind == FileKind::Folder
                          ? outline_of_folder(path, workspace, *opened, limit_bytes, context)
                          : outline_of_file(path, *opened, first, limit_bytes, context);
  return context.stop.stop_requested() ? stopped_result() : result;
}

}  // namespace

agent::Tool code_outline_tool() {
  return {"code_outline",
          kDescription,
          parameters(),
          agent::Effect::Read,
          [](const Json& arguments, const ToolContext& context) {
            const std::string path = text_argument(arguments, "path");
            if (path.empty()) return Result<PlannedEffect>(Error{Error::Code::InvalidInput, "path is empty"});
            return plan_path(path, Wanted::Either, "Outline", context);
          },
          run};
}

}  // namespace facet::tools
