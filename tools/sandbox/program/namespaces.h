#pragma once

#include "tools/sandbox/wall_plan.h"

namespace facet::tools::sandbox {

// Enters namespaces of its own for users, mounts, processes, IPC, host names, control groups and, unless the plan
// grants the network, an empty network with a loopback device. Comes back in their first process; the process that
// called waits for it and ends with it, and it ends with that one.
void enter_namespaces(const WallPlan& plan);

// Makes the whole file system unchangeable except for the places of the plan. Called by that first process.
void arrange_places(const WallPlan& plan);

// Where the kernel can (Linux 6.14), no process gets a number beyond this one in the namespace; that holds root as
// well.
void limit_process_numbers(std::uint64_t processes);

}  // namespace facet::tools::sandbox
