#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "engine/media_embedding.h"

namespace facet::engine {

// What encoders made lately, by its hash: a question about the same picture encodes nothing. It holds so many bytes of
// rows at most; what was asked for longest ago goes first. Any thread may call.
class MediaCache {
 public:
  explicit MediaCache(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}

  // Null when it is not there.
  std::shared_ptr<const MediaEmbedding> find(const std::string& hash);
  // What is larger than all that may be held is not kept.
  void add(const std::shared_ptr<const MediaEmbedding>& media);
  std::uint64_t bytes() const;

 private:
  static std::uint64_t bytes_of(const MediaEmbedding& media) { return media.rows.size() * sizeof(float); }

  mutable std::mutex mutex_;
  std::list<std::shared_ptr<const MediaEmbedding>> held_;  // those asked for last in front
  std::uint64_t most_bytes_;
  std::uint64_t bytes_ = 0;
};

}  // namespace facet::engine
