#pragma once

#include <string>

#include "agent/tool.h"
#include "tools/workspace.h"

namespace facet::tools::code {

// The types and functions at the top of the programs beneath a folder, file by file.
struct FolderOutline {
  std::string text;
  std::size_t files = 0;  // in the text
  bool cut = false;       // there are more, which did not fit or would have taken too long
};

// Leaves out what FolderWalk leaves out, and files that can not be parsed. Ends early when it is stopped.
FolderOutline outline_folder(const Workspace& workspace, const Opened& folder, const agent::ToolContext& context,
                             std::size_t limit_bytes);

}  // namespace facet::tools::code
