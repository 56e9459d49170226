#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace facet {

// One little-endian value at an address of any alignment. The project builds for little-endian machines only.
template <typename T>
requires std::is_trivially_copyable_v<T> T load_unaligned(const std::byte* address) {
  T value;
  std::memcpy(&value, address, sizeof(T));
  return value;
}

template <typename T>
requires std::is_trivially_copyable_v<T>
void store_unaligned(std::byte* address, T value) {
  std::memcpy(address, &value, sizeof(T));
}

// Reads forward through untrusted bytes. Every read says whether the bytes were there; nothing is read, and the
// position stays, when they were not.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

  template <typename T>
  requires std::is_arithmetic_v<T>
  bool read(T& value) {
    if (remaining() < sizeof(T)) return false;
    value = load_unaligned<T>(bytes_.data() + position_);
    position_ += sizeof(T);
    return true;
  }

  bool take(std::uint64_t count, std::span<const std::byte>& out) {
    if (remaining() < count) return false;
    out = bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += static_cast<std::size_t>(count);
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace facet
