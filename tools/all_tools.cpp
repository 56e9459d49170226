#include "tools/all_tools.h"

#include "tools/capture/screens_program.h"
#include "tools/sandbox/sandbox.h"

namespace facet::tools {

std::vector<agent::Tool> all_tools(const OwnFiles& own) {
  return {
      read_file_tool(),
      list_files_tool(),
      search_files_tool(),
      code_outline_tool(),
      read_symbol_tool(),
      write_file_tool(),
      edit_file_tool(),
      move_file_tool(),
      delete_file_tool(),
      search_history_tool(own.database),
      clock_tool(),
      read_earlier_tool(own.database),
      remember_tool(),
      recall_tool(own.database),
      update_plan_tool(),
      take_screenshot_tool(capture::own_screens_program()),
      run_command_tool(sandbox::Sandbox(sandbox::own_sandbox_program(), own.folders)),
  };
}

}  // namespace facet::tools
