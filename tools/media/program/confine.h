#pragma once

#include <cstdint>

#include "tools/media/protocol.h"

// What makes the process harmless before it looks at the first byte of a file.
namespace facet::tools::media {

struct Limits {
  std::uint64_t memory_bytes = 0;
  std::uint64_t cpu_seconds = 0;
};

// Afterwards the process can read the one file, write answers, take memory up to the limit and start threads. It opens
// nothing, reaches no network, starts no program, signals nobody, makes no memory executable, and ends with its parent.
// Ends the process where the system does not grant that. What not every system grants is a network namespace of its
// own, which is there to be empty should a socket be had after all: whether it is, is returned.
bool confine(const Limits& limits);

// A picture of a size that has been checked may take this much besides.
void allow_more_memory(std::uint64_t bytes);

// Tries what must be forbidden; the namespace is left for the caller to say.
ConfinementMessage try_forbidden();

}  // namespace facet::tools::media
