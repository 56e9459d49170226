#include "tools/all_tools.h"

namespace facet::tools {

std::vector<agent::Tool> all_tools() {
  return {
      read_file_tool(), list_files_tool(), search_files_tool(), write_file_tool(),
      edit_file_tool(), move_file_tool(),  delete_file_tool(),
  };
}

}  // namespace facet::tools
