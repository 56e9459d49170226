#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "agent/tool.h"

namespace facet::tools {

namespace sandbox {
class Sandbox;
}

// Where Facet keeps what is its own.
struct OwnFiles {
  std::filesystem::path database;
  std::vector<std::string> folders;  // data, settings and caches, which commands do not see
};

// Everything the model may call, in the order in which it is declared. A new tool is one file, its declaration here and
// one line in all_tools.cpp.
std::vector<agent::Tool> all_tools(const OwnFiles& own = {});

agent::Tool read_file_tool();
agent::Tool list_files_tool();
agent::Tool search_files_tool();
agent::Tool code_outline_tool();
agent::Tool read_symbol_tool();
agent::Tool write_file_tool();
agent::Tool edit_file_tool();
agent::Tool move_file_tool();
agent::Tool delete_file_tool();
agent::Tool clock_tool();
agent::Tool search_history_tool(const std::filesystem::path& database);
agent::Tool read_earlier_tool(const std::filesystem::path& database);
agent::Tool remember_tool();
agent::Tool recall_tool(const std::filesystem::path& database);
agent::Tool update_plan_tool();
// `program` is facet-screens.
agent::Tool take_screenshot_tool(const std::filesystem::path& program);
agent::Tool run_command_tool(const sandbox::Sandbox& sandbox);

}  // namespace facet::tools
