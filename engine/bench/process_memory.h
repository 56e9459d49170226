#pragma once

#include <cstdint>
#include <optional>

namespace facet::engine {

// What this process has in memory, as the system counts it.
struct ProcessMemory {
  std::uint64_t resident_bytes = 0;   // now
  std::uint64_t peak_bytes = 0;       // the most so far
  std::uint64_t anonymous_bytes = 0;  // of the resident ones, those that are no file's
};

// Nothing where the system does not say.
std::optional<ProcessMemory> process_memory();

}  // namespace facet::engine
