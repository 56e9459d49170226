#pragma once

#include <cstdint>
#include <string>

namespace facet::app::cli {

// "2026-11-22 14:03", where this computer is.
std::string local_time(std::int64_t epoch_ms);

}  // namespace facet::app::cli
