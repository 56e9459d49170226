#include "engine/bench/process_memory.h"

#include <fstream>
#include <string>

namespace facet::engine {

std::optional<ProcessMemory> process_memory() {
  std::ifstream status("/proc/self/status");
  ProcessMemory memory;
  std::string name;
  while (status >> name) {
    std::uint64_t* slot = nullptr;
    if (name == "VmHWM:") slot = &memory.peak_bytes;
    if (name == "VmRSS:") slot = &memory.resident_bytes;
    if (name == "RssAnon:") slot = &memory.anonymous_bytes;
    std::uint64_t kib = 0;
    if (slot != nullptr && status >> kib) *slot = kib * 1024;
    std::getline(status, name);
  }
  if (memory.peak_bytes == 0 || memory.resident_bytes == 0) return std::nullopt;
  return memory;
}

}  // namespace facet::engine
