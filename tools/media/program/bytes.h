#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace facet::tools::media {

// Numbers anywhere in untrusted bytes. What lies beyond them is zero: the formats that are read this way have no place
// where a zero leads further.
class Bytes {
 public:
  explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::size_t size() const { return bytes_.size(); }
  std::uint32_t u8(std::size_t at) const { return at < bytes_.size() ? bytes_[at] : 0; }
  std::uint32_t big16(std::size_t at) const { return u8(at) << 8U | u8(at + 1); }
  std::uint32_t big32(std::size_t at) const { return big16(at) << 16U | big16(at + 2); }
  std::uint32_t little16(std::size_t at) const { return u8(at) | u8(at + 1) << 8U; }
  std::uint32_t little24(std::size_t at) const { return little16(at) | u8(at + 2) << 16U; }
  std::uint32_t little32(std::size_t at) const { return little16(at) | little16(at + 2) << 16U; }

  bool says(std::size_t at, std::string_view text) const {
    for (std::size_t i = 0; i < text.size(); ++i)
      if (at + i >= bytes_.size() || bytes_[at + i] != static_cast<std::uint8_t>(text[i])) return false;
    return true;
  }

  // As much as there is of it.
  std::span<const std::uint8_t> part(std::size_t at, std::size_t count) const {
    if (at >= bytes_.size()) return {};
    return bytes_.subspan(at, count < bytes_.size() - at ? count : bytes_.size() - at);
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace facet::tools::media
