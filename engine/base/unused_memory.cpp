#include "engine/base/unused_memory.h"

#include <fstream>
#include <string>

namespace facet {

std::uint64_t unused_memory() {
  std::ifstream info("/proc/meminfo");
  std::string name;
  while (info >> name) {
    std::uint64_t kib = 0;
    if (name == "MemAvailable:" && info >> kib) return kib * 1024;
    std::getline(info, name);
  }
  return 0;
}

}  // namespace facet
