#pragma once

#include "tools/sandbox/wall_plan.h"

namespace facet::tools::sandbox {

// The version of Landlock that the kernel has; 0 without it.
int landlock_version();

// Grants this process and those it starts the access to files that the plan says, no signal and no abstract socket
// beyond them, and nothing else that Landlock knows of. With Landlock alone only the places can be reached and version
// 6 is needed; behind other walls everything may be read, and an older kernel, or none of it, is no failure.
void restrict_files(const WallPlan& plan);

}  // namespace facet::tools::sandbox
