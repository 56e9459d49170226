#pragma once

#include <string>

#include "tools/sandbox/wall_plan.h"

namespace facet::tools::sandbox {

// Tells Facet how it ended; the first report counts.
void send(const Report& report);

// Tells Facet that a wall could not be built, with errno's words, and ends the process: nothing runs without the wall.
[[noreturn]] void give_up(const std::string& what);

}  // namespace facet::tools::sandbox
