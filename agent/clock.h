#pragma once

#include <chrono>
#include <cstdint>

namespace facet::agent {

// Milliseconds since the epoch, as rows hold them.
inline std::int64_t epoch_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace facet::agent
