#pragma once

#include <vector>

#include "agent/tool.h"

namespace facet::tools {

// Everything the model may call, in the order in which it is declared. A new tool is one file, its declaration here and
// one line in all_tools.cpp.
std::vector<agent::Tool> all_tools();

agent::Tool read_file_tool();
agent::Tool list_files_tool();
agent::Tool search_files_tool();
agent::Tool write_file_tool();
agent::Tool edit_file_tool();
agent::Tool move_file_tool();
agent::Tool delete_file_tool();

}  // namespace facet::tools
