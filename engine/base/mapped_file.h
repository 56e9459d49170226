#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "engine/base/result.h"

namespace facet {

// A whole file as read-only memory. Immutable and usable from any thread; the bytes live as long as the object. Pages
// come from the file on first touch, so opening costs the same for every size.
class MappedFile {
 public:
  // Fails, with a sentence naming the path, when there is no such regular file or it can not be read.
  static Result<std::unique_ptr<MappedFile>> open(const std::filesystem::path& path);
  ~MappedFile();

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

}  // namespace facet
