#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "engine/base/lost_pages.h"
#include "engine/base/result.h"

namespace facet {

// A whole file as read-only memory. Usable from any thread; the bytes live as long as the object. Pages come from the
// file on first touch, so opening costs the same for every size. That they stay what they are is up to the file's other
// users; what of it can no longer be read becomes zeros.
class MappedFile {
 public:
  // Fails, with a sentence naming the path, when there is no such regular file or it can not be read.
  static Result<std::unique_ptr<MappedFile>> open(const std::filesystem::path& path);
  ~MappedFile();

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  // False once a byte was asked for that is no longer there: the file was cut off, or its disk is gone.
  bool is_intact() const { return !lost_->any(); }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes), lost_(std::in_place, bytes) {}
  std::span<const std::byte> bytes_;
  std::optional<LostPages> lost_;  // ends before the mapping
};

// The whole pages inside these bytes of a mapped file no longer count as memory of this process. Whoever touches one
// gets it from the file again.
void give_back_pages(std::span<const std::byte> mapped);

}  // namespace facet
