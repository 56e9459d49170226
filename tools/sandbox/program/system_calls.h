#pragma once

#include "tools/sandbox/wall_plan.h"

namespace facet::tools::sandbox {

// Refuses the system calls by which a process could leave the walls, or reach parts of the kernel that a command has no
// use for, in this process and those that it starts. Ends the process where the kernel has no such filters.
void forbid_system_calls(const WallPlan& plan);

}  // namespace facet::tools::sandbox
