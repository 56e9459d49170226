#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/tool.h"
#include "tools/workspace.h"

// What the tools that write share. A path of the model, which need not exist yet, becomes a place; a planned place
// becomes an open folder and a name in it, and what happens to that name happens whole or not at all.
namespace facet::tools {

// The largest file that is replaced or edited. A person could not judge a change of a larger one.
inline constexpr std::int64_t kMostChangedBytes = std::int64_t{4} << 20U;

// Where a path leads, as the kernel sees it: what exists of it, and the plain names behind that.
struct Place {
  std::string path;  // absolute; no symlink in what exists
  bool inside = false;
  std::optional<FileKind> kind;  // nothing: it does not exist
};

// The sentences are what the model is told.
Result<Place> find_place(const Workspace& workspace, const std::string& path);

// A folder that is open, and a name in it.
struct OpenPlace {
  Opened folder;
  std::string name;
};

// Opens the folder of a planned path, and nothing else; folders that are missing on the way are made when
// `make_folders`.
Result<OpenPlace> open_place(const Workspace& workspace, const std::string& path, bool inside, bool make_folders);

// Which file or folder the name stands for, and when it was changed last: another one in its place is not what was
// planned. NotFound when there is none.
Result<std::string> identity_of(const OpenPlace& place);

// The content of a file that may be changed: UTF-8 without zeros, of at most kMostChangedBytes.
Result<std::string> read_for_change(const Opened& file, const std::string& path);

// Puts a file with this content in the place of what the name stands for, with one rename at the end; what was there
// before stays until then. `expected` is what is there now; nothing means that nothing is there. Otherwise nothing
// changes, and Io says so.
Status replace_file(const OpenPlace& place, const std::string& content, const std::optional<std::string>& expected);

// Whether a call may reach what it has planned.
bool may_reach(const agent::PlannedEffect& planned, const agent::ToolContext& context, std::size_t paths);

}  // namespace facet::tools
