#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace facet::tools::media {

// The file that was handed over. Its own position belongs to whoever handed it over too, so it is not used.
class FileBytes {
 public:
  explicit FileBytes(std::uint64_t size) : size_(size) {}
  std::uint64_t size() const { return size_; }

  // Less than asked for at the end alone. Ends the process when the disk fails.
  std::size_t read(std::uint64_t at, std::span<std::uint8_t> to) const;
  // From the beginning, with zeros behind them as decoders want them.
  std::vector<std::uint8_t> first(std::size_t count, std::size_t zeros) const;

 private:
  std::uint64_t size_;
};

}  // namespace facet::tools::media
