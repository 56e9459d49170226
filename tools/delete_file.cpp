#include "tools/all_tools.h"
#include "tools/changed_path.h"
#include "tools/planned_path.h"
#include "tools/text.h"
#include "tools/trash.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::ToolContext;
using agent::ToolResult;

const char kDescription[] = "Move a file or folder to the trash, from where the user can restore it.";

Json parameters() {
  return {{"type", "object"},
          {"properties", {{"path", {{"type", "string"}, {"description", "Path of the file or folder."}}}}},
          {"required", {"path"}}};
}

Result<PlannedEffect> plan(const Json& arguments, const ToolContext& context) {
  const std::string path = text_argument(arguments, "path");
  const Workspace workspace(context.folders);
  FACET_ASSIGN_OR_RETURN(const Place place, find_place(workspace, path));
  if (!place.kind) return Error{Error::Code::NotFound, "no such file: " + one_line(path)};
  if (workspace.folder_of(place.path) == place.path)
    return Error{Error::Code::InvalidInput, "a folder of the conversation can not be moved to the trash"};
  FACET_ASSIGN_OR_RETURN(const OpenPlace open, open_place(workspace, place.path, place.inside, false));
  PlannedEffect planned;
  planned.effect = agent::Effect::Write;
  planned.text = std::string("Move to the trash ") + (place.kind == FileKind::Folder ? "the folder " : "") +
                 plainly(place.path) + (place.kind == FileKind::Folder ? " with everything in it" : "");
  planned.paths = {place.path};
  planned.inside_folders = place.inside;
  FACET_ASSIGN_OR_RETURN(planned.basis, identity_of(open));
  return planned;
}

ToolResult run(const Json& arguments, const PlannedEffect& planned, const ToolContext& context) {
  if (!may_reach(planned, context, 1))
    return ToolResult::failure("not allowed: " + one_line(text_argument(arguments, "path")));
  const Workspace workspace(context.folders);
  const std::string& target = planned.paths.front();
  const Result<OpenPlace> place = open_place(workspace, target, planned.inside_folders, /*make_folders=*/false);
  if (!place.ok()) return ToolResult::failure(place.error().message);
  const Result<std::string> found = identity_of(*place);
  if (!found.ok()) return ToolResult::failure(found.error().message);
  if (*found != planned.basis)
    return ToolResult::failure(one_line(target) + " has changed since this was planned; look at it again");
  if (const Status done = move_to_trash(*place, target); !done.ok()) return ToolResult::failure(done.error().message);
  ToolResult result;
  result.content = "moved " + one_line(workspace.relative(target)) + " to the trash";
  result.details = {{"path", valid_utf8(target)}};
  return result;
}

}  // namespace

agent::Tool delete_file_tool() {
  return {"delete_file", kDescription, parameters(), agent::Effect::Write, plan, run};
}

}  // namespace facet::tools
