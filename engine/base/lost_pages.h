#pragma once

#include <cstddef>
#include <span>

namespace facet {

// A file that is mapped can become shorter, or its disk can go away. Touching a page that is then no longer there ends
// a process, from whatever thread. While one of these lives, such a touch of its mapping finds zeros instead, from that
// page to the end, and `any` is true from then on: whoever has read the mapping looks there before it believes what it
// has computed.
class LostPages {
 public:
  // `mapping` begins a page.
  explicit LostPages(std::span<const std::byte> mapping);
  // In front of the end of the mapping.
  ~LostPages();
  LostPages(const LostPages&) = delete;
  LostPages& operator=(const LostPages&) = delete;

  // From any thread.
  bool any() const;

 private:
  struct Watched* watched_;  // null when there are too many: then a lost page ends the process
};

}  // namespace facet
