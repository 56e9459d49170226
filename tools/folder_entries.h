#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "tools/workspace.h"

namespace facet::tools {

enum class EntryKind { File, Folder, Symlink, Other };

struct FolderEntry {
  std::string name;
  EntryKind kind = EntryKind::Other;
};

struct FolderEntries {
  std::vector<FolderEntry> entries;  // in natural order, without those whose name begins with a dot
  std::size_t hidden = 0;
  bool complete = true;  // false when the folder has more entries than are read
};

// Reads an open folder. Nothing in it is opened or followed.
Result<FolderEntries> read_folder(const Opened& folder, const std::stop_token& stop);

}  // namespace facet::tools
