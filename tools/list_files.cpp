#include <algorithm>

#include "tools/all_tools.h"
#include "tools/folder_entries.h"
#include "tools/planned_path.h"
#include "tools/text.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::ToolContext;
using agent::ToolResult;

constexpr std::size_t kMostNames = 500;
constexpr std::size_t kNoteBytes = 120;  // kept free for the last line of a cut result

const char kDescription[] = "List the files in a folder.";

Json parameters() {
  return {{"type", "object"},
          {"properties",
           {{"path", {{"type", "string"}, {"description", "Folder to list; the working folder when left out."}}}}}};
}

// A symlink counts as what it leads to while that lies in the folders of the conversation; what lies outside is not
// looked at, and the link is then listed like a file.
bool leads_to_folder(const Workspace& workspace, const Opened& folder, const std::string& name) {
  const Result<Located> located = workspace.locate(folder.path + "/" + name);
  return located.ok() && located->inside && located->kind == FileKind::Folder;
}

struct Listing {
  std::vector<std::string> names;  // folders first
  std::size_t folders = 0;
};

Listing arrange(const std::vector<FolderEntry>& entries, const Workspace& workspace, const Opened& folder) {
  Listing listing;
  std::vector<std::string> files;
  for (const FolderEntry& entry : entries) {
    const bool is_folder = entry.kind == EntryKind::Folder ||
                           (entry.kind == EntryKind::Symlink && leads_to_folder(workspace, folder, entry.name));
    (is_folder ? listing.names : files).push_back(one_line(entry.name) + (is_folder ? "/" : ""));
  }
  listing.folders = listing.names.size();
  listing.names.insert(listing.names.end(), files.begin(), files.end());
  return listing;
}

// The names that fit, one per line, and a note when there are more.
std::string join(const Listing& listing, bool complete, std::size_t limit_bytes) {
  const std::size_t limit = limit_bytes - std::min(kNoteBytes, limit_bytes / 2);
  std::string text;
  std::size_t shown = 0;
  for (const std::string& name : listing.names) {
    if (shown == kMostNames || text.size() + name.size() + 1 > limit) break;
    if (shown > 0) text += '\n';
    text += name;
    ++shown;
  }
  if (shown == listing.names.size()) return text;
  const std::string total = (complete ? "" : "more than ") + std::to_string(listing.names.size());
  return text + (shown > 0 ? "\n" : "") + "[" + std::to_string(shown) + " of " + total +
         " names; list one of the folders, or find a name with search_files]";
}

ToolResult run(const Json& arguments, const PlannedEffect& planned, const ToolContext& context) {
  const std::string path = text_argument(arguments, "path", ".");
  const Workspace workspace(context.folders);
  const Result<Opened> opened = open_planned(path, Wanted::Folder, workspace, planned, context);
  if (!opened.ok()) return ToolResult::failure(opened.error().message);
  const Result<FolderEntries> folder = read_folder(*opened, context.stop);
  if (context.stop.stop_requested()) return stopped_result();
  if (!folder.ok()) return ToolResult::failure(one_line(path) + " could not be listed: " + folder.error().message);

  const Listing listing = arrange(folder->entries, workspace, *opened);
  ToolResult result;
  result.content = join(listing, folder->complete, context.result_limit_bytes);
  if (listing.names.empty())
    result.content = folder->hidden == 0 ? "[the folder is empty]" : "[the folder has only hidden names]";
  result.details = {{"path", valid_utf8(opened->path)},
                    {"folders", listing.folders},
                    {"files", listing.names.size() - listing.folders},
                    {"hidden", folder->hidden}};
  return result;
}

}  // namespace

agent::Tool list_files_tool() {
  return {"list_files",
          kDescription,
          parameters(),
          agent::Effect::Read,
          [](const Json& arguments, const ToolContext& context) {
            return plan_path(text_argument(arguments, "path", "."), Wanted::Folder, "List", context);
          },
          run};
}

}  // namespace facet::tools
