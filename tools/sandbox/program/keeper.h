#pragma once

#include "tools/sandbox/wall_plan.h"

namespace facet::tools::sandbox {

// Starts the command within the limits and the rest of the wall, watches over what its processes take together, reports
// how it ended and leaves no process behind, also when Facet closes its side of the report or
// ends, and when it is told to by SIGTERM.
[[noreturn]] void keep(const WallPlan& plan);

}  // namespace facet::tools::sandbox
