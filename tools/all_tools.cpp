#include "tools/all_tools.h"

namespace facet::tools {

std::vector<agent::Tool> all_tools() { return {}; }

}  // namespace facet::tools
