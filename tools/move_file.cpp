#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tools/all_tools.h"
#include "tools/changed_path.h"
#include "tools/planned_path.h"
#include "tools/text.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::ToolContext;
using agent::ToolResult;

const char kDescription[] = "Move or rename a file or folder. Nothing that is there already is replaced.";

Json parameters() {
  return {{"type", "object"},
          {"properties",
           {{"from", {{"type", "string"}, {"description", "Path of the file or folder."}}},
            {"to", {{"type", "string"}, {"description", "Its new path, or a folder to move it into."}}}}},
          {"required", {"from", "to"}}};
}

std::string name_in(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

Result<PlannedEffect> plan(const Json& arguments, const ToolContext& context) {
  const std::string from = text_argument(arguments, "from");
  const Workspace workspace(context.folders);
  FACET_ASSIGN_OR_RETURN(const Place source, find_place(workspace, from));
  if (!source.kind) return Error{Error::Code::NotFound, "no such file: " + one_line(from)};
  FACET_ASSIGN_OR_RETURN(Place target, find_place(workspace, text_argument(arguments, "to")));
  if (target.kind == FileKind::Folder) {
    FACET_ASSIGN_OR_RETURN(target, find_place(workspace, target.path + "/" + name_in(source.path)));
  }
  if (target.kind) return Error{Error::Code::InvalidInput, one_line(target.path) + " is there already"};
  if (workspace.folder_of(source.path) == source.path)
    return Error{Error::Code::InvalidInput, "a folder of the conversation can not be moved"};
  FACET_ASSIGN_OR_RETURN(const OpenPlace open, open_place(workspace, source.path, source.inside, false));
  PlannedEffect planned;
  planned.effect = agent::Effect::Write;
  planned.text = "Move " + plainly(source.path) + "\nto " + plainly(target.path);
  planned.paths = {source.path, target.path};
  planned.inside_folders = source.inside && target.inside;
  FACET_ASSIGN_OR_RETURN(planned.basis, identity_of(open));
  return planned;
}

std::string sentence_for(int number, const std::string& from, const std::string& to) {
  if (number == EEXIST) return one_line(to) + " is there already";
  if (number == EXDEV) return one_line(to) + " is on another drive; only the user can move it there";
  if (number == EINVAL) return "a folder can not be moved into itself";
  return "moving " + one_line(from) + " failed: " + std::strerror(number);
}

ToolResult run(const Json&, const PlannedEffect& planned, const ToolContext& context) {
  if (!may_reach(planned, context, 2)) return ToolResult::failure("not allowed");
  const Workspace workspace(context.folders);
  const std::string& from = planned.paths[0];
  const std::string& to = planned.paths[1];
  // A path outside, with the other one inside, is opened as it is; nothing on the way is followed in any case.
  const auto open = [&](const std::string& path, bool make_folders) {
    return open_place(workspace, path, planned.inside_folders, make_folders);
  };
  const Result<OpenPlace> source = open(from, false);
  if (!source.ok()) return ToolResult::failure(source.error().message);
  const Result<std::string> found = identity_of(*source);
  if (!found.ok()) return ToolResult::failure(found.error().message);
  if (*found != planned.basis)
    return ToolResult::failure(one_line(from) + " has changed since this was planned; look at it again");
  const Result<OpenPlace> target = open(to, true);
  if (!target.ok()) return ToolResult::failure(target.error().message);
  if (::syscall(SYS_renameat2, source->folder.descriptor.number(), source->name.c_str(),
                target->folder.descriptor.number(), target->name.c_str(), RENAME_NOREPLACE) != 0)
    return ToolResult::failure(sentence_for(errno, from, to));
  ToolResult result;
  result.content = "moved " + one_line(workspace.relative(from)) + " to " + one_line(workspace.relative(to));
  result.details = {{"from", valid_utf8(from)}, {"to", valid_utf8(to)}};
  return result;
}

}  // namespace

agent::Tool move_file_tool() {
  return {"move_file", kDescription, parameters(), agent::Effect::Write, plan, run};
}

}  // namespace facet::tools
