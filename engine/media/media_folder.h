#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/media_embedding.h"

namespace facet::engine {

// What encoders made at other times, in files: a question about yesterday's picture encodes nothing. Keys are SHA-256
// digests in hexadecimal of everything that the contents depend on. The files hold so many bytes at most; what was
// asked for longest ago goes first. A file that is damaged, or that somebody else has put there, is as good as none,
// and no failure is an error: what can not be kept is encoded again. Several programs may share a folder, and any
// thread may call.
class MediaFolder {
 public:
  MediaFolder(std::filesystem::path folder, std::uint64_t most_bytes);

  // Null when it is not there. The embedding gets `hash` for its own.
  std::shared_ptr<const MediaEmbedding> find(const std::string& key, MediaEmbedding::Kind kind, std::uint32_t width,
                                             const std::string& hash) const;
  // What is larger than all that may be kept is not kept.
  void add(const std::string& key, const MediaEmbedding& media);

  // A digest that took long to compute, kept likewise; empty when it is not there.
  std::string find_digest(const std::string& key) const;
  void add_digest(const std::string& key, const std::string& digest);

 private:
  std::filesystem::path file_of(const std::string& key, const char* ending) const;
  void write(const std::filesystem::path& file, std::string_view header, std::string_view contents);
  void make_room() const;

  const std::filesystem::path folder_;
  const std::uint64_t most_bytes_;
  std::mutex writing_;  // so that the names of unfinished files differ
};

}  // namespace facet::engine
