#include <algorithm>

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
    "Change a text file: replace a piece of it, which must occur exactly once, by another. Read the file first.";

Json parameters() {
  return {{"type", "object"},
          {"properties",
           {{"path", {{"type", "string"}, {"description", "Path of the file."}}},
            {"old_text", {{"type", "string"}, {"description", "The text to replace, exactly as it stands there."}}},
            {"new_text", {{"type", "string"}, {"description", "What to put in its place."}}},
            {"all", {{"type", "boolean"}, {"description", "Replace every occurrence."}}}}},
          {"required", {"path", "old_text", "new_text"}}};
}

// The arguments' lines end as those of the file do.
std::string with_ends_of(const std::string& file, const std::string& text) {
  const bool has_both = file.find("\r\n") != std::string::npos;
  if (!has_both || text.find('\r') != std::string::npos) return text;
  std::string ended;
  for (const char byte : text) {
    if (byte == '\n') ended += '\r';
    ended += byte;
  }
  return ended;
}

Result<std::string> edited(const std::string& before, const Json& arguments) {
  const std::string path = one_line(text_argument(arguments, "path"));
  const std::string old_text = with_ends_of(before, text_argument(arguments, "old_text"));
  const std::string new_text = with_ends_of(before, text_argument(arguments, "new_text"));
  if (old_text.empty()) return Error{Error::Code::InvalidInput, "old_text is empty"};
  if (old_text == new_text) return Error{Error::Code::InvalidInput, "new_text is the same as old_text"};
  const bool all = arguments.value("all", false);
  std::string after;
  std::size_t from = 0;
  std::size_t count = 0;
  for (std::size_t at = before.find(old_text); at != std::string::npos; at = before.find(old_text, from)) {
    after.append(before, from, at - from).append(new_text);
    from = at + old_text.size();
    ++count;
  }
  after.append(before, from);
  if (count == 0)
    return Error{Error::Code::NotFound,
                 "old_text does not occur in " + path + "; read the file and take it from there"};
  if (count > 1 && !all)
    return Error{Error::Code::InvalidInput, "old_text occurs " + std::to_string(count) + " times in " + path +
                                                "; give more of the text around it, or all=true"};
  if (static_cast<std::int64_t>(after.size()) > kMostChangedBytes)
    return Error{Error::Code::InvalidInput, path + " would become larger than " + readable_size(kMostChangedBytes)};
  return after;
}

struct Edit {
  std::string before;
  std::string after;

  std::string basis() const { return sha256_hex(before) + " " + sha256_hex(after); }
};

Result<Edit> edit(const Opened& file, const Json& arguments) {
  FACET_ASSIGN_OR_RETURN(std::string before, read_for_change(file, text_argument(arguments, "path")));
  FACET_ASSIGN_OR_RETURN(std::string after, edited(before, arguments));
  return Edit{std::move(before), std::move(after)};
}

Result<PlannedEffect> plan(const Json& arguments, const ToolContext& context) {
  FACET_ASSIGN_OR_RETURN(PlannedEffect planned,
                         plan_path(text_argument(arguments, "path"), Wanted::File, "Change", context));
  const Workspace workspace(context.folders);
  FACET_ASSIGN_OR_RETURN(const Opened file, workspace.open(planned.paths.front(), planned.inside_folders));
  FACET_ASSIGN_OR_RETURN(const Edit change, edit(file, arguments));
  planned.effect = agent::Effect::Write;
  planned.text += "\n" + unified_diff(change.before, change.after);
  planned.basis = change.basis();
  return planned;
}

ToolResult run(const Json& arguments, const PlannedEffect& planned, const ToolContext& context) {
  const std::string path = one_line(text_argument(arguments, "path"));
  if (!may_reach(planned, context, 1)) return ToolResult::failure("not allowed: " + path);
  const Workspace workspace(context.folders);
  const std::string& target = planned.paths.front();
  const Result<OpenPlace> place = open_place(workspace, target, planned.inside_folders, /*make_folders=*/false);
  if (!place.ok()) return ToolResult::failure(place.error().message);
  const Result<Opened> file = workspace.open_entry(place->folder, place->name);
  if (!file.ok()) return ToolResult::failure(path + " could not be opened: " + file.error().message);
  const Result<Edit> change = edit(*file, arguments);
  if (!change.ok()) return ToolResult::failure(change.error().message);
  if (change->basis() != planned.basis)
    return ToolResult::failure(path + " has changed since this was planned; look at it again");
  if (const Status done = replace_file(*place, change->after, change->before); !done.ok())
    return ToolResult::failure(done.error().message);
  const std::string diff = unified_diff(change->before, change->after);
  ToolResult result;
  result.content = "changed " + one_line(workspace.relative(target)) + ":\n" +
                   std::string(utf8_prefix(diff, context.result_limit_bytes / 2));
  result.details = {{"path", valid_utf8(target)}, {"diff", diff}};
  return result;
}

}  // namespace

agent::Tool edit_file_tool() {
  return {"edit_file", kDescription, parameters(), agent::Effect::Write, plan, run};
}

}  // namespace facet::tools
