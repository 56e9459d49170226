#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/formats/formats.h"

namespace facet::model_maker {

// A tensor of a file that is yet to be written. `shape[0]` is the contiguous dimension.
struct TensorInfo {
  std::string name;
  std::vector<std::uint64_t> shape;
  engine::Format format = engine::Format::F32;

  std::uint64_t elements() const;
  std::uint64_t bytes() const;
};

// The metadata of a GGUF file (version 3), in the order in which it is added.
class GgufMetadata {
 public:
  void set(std::string_view key, std::string_view text);
  void set(std::string_view key, std::uint32_t number);
  void set(std::string_view key, float number);
  void set(std::string_view key, bool truth);
  void set(std::string_view key, std::span<const std::int32_t> numbers);
  void set(std::string_view key, std::span<const float> numbers);
  void set(std::string_view key, const std::vector<bool>& truths);
  void set(std::string_view key, std::span<const std::string> texts);
  // Otherwise a literal would count as a truth value.
  void set(std::string_view key, const char* text) { set(key, std::string_view(text)); }

  std::uint64_t count() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void begin(std::string_view key, std::uint32_t type);
  void begin_array(std::string_view key, std::uint32_t type, std::uint64_t count);

  std::uint64_t count_ = 0;
  std::string bytes_;
};

// Bytes of the whole file.
std::uint64_t gguf_file_bytes(const GgufMetadata& metadata, std::span<const TensorInfo> tensors);

// Gives the next bytes of a tensor. Called in order, with whole blocks: kGgufChunkBlocks of them but for the last.
using FillTensor = std::function<void(std::span<std::byte> bytes)>;
inline constexpr std::size_t kGgufChunkBlocks = 65536;

// Writes a file under a temporary name and renames it when it is complete. `fill_of` is called once for each tensor, in
// order. Errors: the folder can not be written to, or the disk is full.
Status write_gguf(const std::filesystem::path& path, const GgufMetadata& metadata, std::span<const TensorInfo> tensors,
                  const std::function<FillTensor(std::size_t index)>& fill_of);

}  // namespace facet::model_maker
