#pragma once

#include "tools/sandbox/wall_plan.h"

namespace facet::tools::sandbox {

// Every capability, also those that programs could bring along, and new ones for good.
void drop_privileges();

// What one process may use at most. `used_processes` is how many of the user's the limit finds there already.
void limit_resources(const Limits& limits, std::uint64_t used_processes);

// How many processes and threads the user has where no namespace counts them.
std::uint64_t count_of_own_tasks();

}  // namespace facet::tools::sandbox
