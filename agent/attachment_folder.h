#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>

#include "agent/protocol.h"
#include "engine/base/result.h"

namespace facet::agent {

// Copies of attached media by the SHA-256 of their content, so that a conversation does not depend on what becomes of
// the files. Belongs to the agent thread; anybody may read the files in it.
class AttachmentFolder {
 public:
  // Beside the database. An empty path keeps nothing.
  explicit AttachmentFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  static std::filesystem::path beside(const std::filesystem::path& database) {
    return database.parent_path() / "attachments";
  }

  // Copies a file that is not there yet. What has no checksum, a recording of more than a gigabyte, stays where it is.
  // A copy that is stopped is an error of that kind, and leaves nothing.
  Status keep(const AttachmentPart& file, const std::stop_token& stop) const;
  // The same for what is in no file: `bytes` are those that the checksum stands for.
  Status keep(const AttachmentPart& file, std::string_view bytes) const;
  // Where a file is to be read from: the copy, or where it was attached from; empty when it is in neither place.
  std::string find(const AttachmentPart& file) const;
  // Removes the copies that no conversation uses any more.
  void remove_others(const std::set<std::string>& used) const;

 private:
  // `write` makes the file at the path that it is given.
  Status keep(const AttachmentPart& file,
              const std::function<std::error_code(const std::filesystem::path& growing)>& write) const;

  std::filesystem::path folder_;
};

}  // namespace facet::agent
