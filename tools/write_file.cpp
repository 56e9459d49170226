#include "engine/base/sha256.h"
#include "tools/all_tools.h"
#include "tools/changed_path.h"
#include "tools/planned_path.h"
#include "tools/text.h"
#include "tools/text_diff.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::ToolContext;
using agent::ToolResult;

const char kDescription[] =
    "Write a text file with this content: a new one, or instead of what is there. Folders on the way are made.";

Json parameters() {
  return {{"type", "object"},
          {"properties",
           {{"path", {{"type", "string"}, {"description", "Path of the file."}}},
            {"content", {{"type", "string"}, {"description", "The whole content."}}}}},
          {"required", {"path", "content"}}};
}

// What is there, or nothing.
Result<std::optional<std::string>> present(const Workspace& workspace, const Place& place, const std::string& path) {
  if (!place.kind) return std::optional<std::string>();
  if (*place.kind != FileKind::File) return Error{Error::Code::InvalidInput, one_line(path) + " is not a file"};
  FACET_ASSIGN_OR_RETURN(const Opened file, workspace.open(place.path, place.inside));
  FACET_ASSIGN_OR_RETURN(std::string content, read_for_change(file, path));
  return std::optional(std::move(content));
}

std::string basis_of(const std::optional<std::string>& before, const std::string& after) {
  return (before ? sha256_hex(*before) : "new") + " " + sha256_hex(after);
}

Result<PlannedEffect> plan(const Json& arguments, const ToolContext& context) {
  const std::string path = text_argument(arguments, "path");
  const std::string content = text_argument(arguments, "content");
  if (static_cast<std::int64_t>(content.size()) > kMostChangedBytes)
    return Error{Error::Code::InvalidInput, "content is longer than " + readable_size(kMostChangedBytes)};
  const Workspace workspace(context.folders);
  FACET_ASSIGN_OR_RETURN(const Place place, find_place(workspace, path));
  FACET_ASSIGN_OR_RETURN(const std::optional<std::string> before, present(workspace, place, path));
  PlannedEffect planned;
  planned.effect = agent::Effect::Write;
  planned.text = (before ? "Replace " : "Create ") + plainly(place.path) + "\n" +
                 unified_diff(before.value_or(std::string()), content);
  planned.paths = {place.path};
  planned.inside_folders = place.inside;
  planned.basis = basis_of(before, content);
  return planned;
}

ToolResult run(const Json& arguments, const PlannedEffect& planned, const ToolContext& context) {
  const std::string path = text_argument(arguments, "path");
  const std::string content = text_argument(arguments, "content");
  if (!may_reach(planned, context, 1)) return ToolResult::failure("not allowed: " + one_line(path));
  const Workspace workspace(context.folders);
  const std::string& target = planned.paths.front();
  const Result<OpenPlace> place = open_place(workspace, target, planned.inside_folders, /*make_folders=*/true);
  if (!place.ok()) return ToolResult::failure(place.error().message);
  std::optional<std::string> before;
  if (const Result<Opened> file = workspace.open_entry(place->folder, place->name); file.ok()) {
    Result<std::string> read = read_for_change(*file, path);
    if (!read.ok()) return ToolResult::failure(read.error().message);
    before = std::move(read).value();
  }
  if (basis_of(before, content) != planned.basis)
    return ToolResult::failure(one_line(path) + " has changed since this was planned; look at it again");
  if (const Status done = replace_file(*place, content, before); !done.ok())
    return ToolResult::failure(done.error().message);
  ToolResult result;
  result.content = (before ? "replaced " : "created ") + one_line(workspace.relative(target));
  result.details = {{"path", valid_utf8(target)},
                    {"bytes", content.size()},
                    {"diff", unified_diff(before.value_or(std::string()), content)}};
  return result;
}

}  // namespace

agent::Tool write_file_tool() {
  return {"write_file", kDescription, parameters(), agent::Effect::Write, plan, run};
}

}  // namespace facet::tools
