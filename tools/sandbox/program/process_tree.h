#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace facet::tools::sandbox {

// Which processes belong to the command: all that there are, in a process namespace of their own, and otherwise those
// that descend from this process, which inherits the ones that lose their parent.
enum class Reach { Namespace, Descendants };

std::vector<pid_t> processes_in(Reach reach);

// What their processes have in memory. What they share is counted once.
std::uint64_t memory_of(const std::vector<pid_t>& processes, std::uint64_t enough);

}  // namespace facet::tools::sandbox
