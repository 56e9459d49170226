#pragma once

#include <string>
#include <vector>

#include "agent/tool.h"

namespace facet::tools {

namespace sandbox {
class Sandbox;
}

// Everything the model may call, in the order in which it is declared. A new tool is one file, its declaration here and
// one line in all_tools.cpp.
// `own_folders` are those of Facet's data, settings and caches, which commands do not see.
std::vector<agent::Tool> all_tools(const std::vector<std::string>& own_folders = {});

agent::Tool read_file_tool();
agent::Tool list_files_tool();
agent::Tool search_files_tool();
agent::Tool write_file_tool();
agent::Tool edit_file_tool();
agent::Tool move_file_tool();
agent::Tool delete_file_tool();
agent::Tool clock_tool();
agent::Tool run_command_tool(const sandbox::Sandbox& sandbox);

}  // namespace facet::tools
