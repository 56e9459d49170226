#pragma once

#include <cstdint>

namespace facet {

// The machine's memory that nobody uses, or only to remember files; 0 where the system does not say.
std::uint64_t unused_memory();

}  // namespace facet
