#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace facet {

// Memory in pages as large as the system has them, of which much is read from beginning to end: a processor then looks
// up an address for every 2 MiB instead of every 4 KiB, and reads ahead across them. It is handed out piece by piece
// and given back as a whole. A page is taken from the machine when it is first written.
class LargePages {
 public:
  LargePages() = default;
  ~LargePages();
  LargePages(const LargePages&) = delete;
  LargePages& operator=(const LargePages&) = delete;

  // Memory that begins a cache line; null where there is none.
  std::byte* take(std::size_t bytes);
  // Handed out until now, the ends of cache lines included.
  std::uint64_t taken() const { return taken_; }

 private:
  struct Area {
    std::byte* first;
    std::size_t bytes;
  };
  // So that `bytes` are left in the last area.
  bool add_area(std::size_t bytes);

  std::vector<Area> areas_;
  std::size_t left_ = 0;  // of the last area
  std::uint64_t taken_ = 0;
};

}  // namespace facet
