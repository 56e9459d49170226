#pragma once

#include <vector>

#include "agent/tool.h"

namespace facet::tools {

// Everything the model may call, in the order in which it is declared. A new tool is one file and one line here.
std::vector<agent::Tool> all_tools();

}  // namespace facet::tools
