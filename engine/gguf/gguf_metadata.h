#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "engine/gguf/gguf_header.h"

namespace facet::engine {

// Metadata entries in the container's own bytes, in the order of the calls. Each key may be set once.
class GgufMetadata {
 public:
  void set_string(std::string_view key, std::string_view value) {
    begin(key, GgufType::String);
    put_text(value);
  }
  void set_u32(std::string_view key, std::uint32_t value) { set(key, GgufType::U32, value); }
  void set_i32(std::string_view key, std::int32_t value) { set(key, GgufType::I32, value); }
  void set_f32(std::string_view key, float value) { set(key, GgufType::F32, value); }
  void set_bool(std::string_view key, bool value) { set(key, GgufType::Bool, static_cast<std::uint8_t>(value)); }

  void set_strings(std::string_view key, std::span<const std::string> values) {
    begin_array(key, GgufType::String, values.size());
    for (const std::string& value : values)
      put_text(value);
  }
  void set_i32s(std::string_view key, std::span<const std::int32_t> values) { set_all(key, GgufType::I32, values); }
  void set_f32s(std::string_view key, std::span<const float> values) { set_all(key, GgufType::F32, values); }
  // One byte each, 0 or 1.
  void set_bools(std::string_view key, std::span<const std::uint8_t> values) { set_all(key, GgufType::Bool, values); }

  std::uint64_t count() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  template <typename T>
  void put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void put_text(std::string_view text) {
    put<std::uint64_t>(text.size());
    bytes_ += text;
  }
  void begin(std::string_view key, GgufType type) {
    put_text(key);
    put(type);
    ++count_;
  }
  void begin_array(std::string_view key, GgufType type, std::size_t count) {
    begin(key, GgufType::Array);
    put(type);
    put<std::uint64_t>(count);
  }
  template <typename T>
  void set(std::string_view key, GgufType type, T value) {
    begin(key, type);
    put(value);
  }
  template <typename T>
  void set_all(std::string_view key, GgufType type, std::span<const T> values) {
    begin_array(key, type, values.size());
    for (const T value : values)
      put(value);
  }

  std::string bytes_;
  std::uint64_t count_ = 0;
};

// The container from its first byte to the end of its metadata, for a file of so many tensors.
std::string gguf_preamble(const GgufMetadata& metadata, std::uint64_t tensors);

}  // namespace facet::engine
