#include "tools/media/program/file_bytes.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tools/media/program/answer.h"

namespace facet::tools::media {

std::size_t FileBytes::read(std::uint64_t at, std::span<std::uint8_t> to) const {
  std::size_t count = 0;
  while (count < to.size()) {
    const ssize_t got = pread(kFileDescriptor, to.data() + count, to.size() - count, static_cast<off_t>(at + count));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(Failure::Unreadable);
    if (got == 0) break;
    count += static_cast<std::size_t>(got);
  }
  return count;
}

std::vector<std::uint8_t> FileBytes::first(std::size_t count, std::size_t zeros) const {
  std::vector<std::uint8_t> bytes(std::min<std::uint64_t>(count, size_) + zeros);
  const std::size_t got = read(0, std::span(bytes).first(bytes.size() - zeros));
  bytes.resize(got + zeros);
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(got), bytes.end(), std::uint8_t{0});
  return bytes;
}

}  // namespace facet::tools::media
