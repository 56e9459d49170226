#pragma once

#include <filesystem>
#include <utility>

#include "engine/base/result.h"

namespace facet::agent {

// Held while this process is the one that writes a database: a lock on NAME.lock beside it, which the kernel gives
// back however the process ends. It is a file of its own because closing any descriptor of the database would drop
// SQLite's own locks on it.
class WriterLock {
 public:
  static Result<WriterLock> take(const std::filesystem::path& database);
  WriterLock(WriterLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  WriterLock& operator=(WriterLock&&) = delete;
  ~WriterLock();

 private:
  explicit WriterLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace facet::agent
