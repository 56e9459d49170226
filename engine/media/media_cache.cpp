#include "engine/media/media_cache.h"

#include <algorithm>

namespace facet::engine {

std::shared_ptr<const MediaEmbedding> MediaCache::find(const std::string& hash) {
  const std::lock_guard guard(mutex_);
  const auto found = std::find_if(held_.begin(), held_.end(), [&](const auto& media) { return media->hash == hash; });
  if (found == held_.end()) return nullptr;
  held_.splice(held_.begin(), held_, found);
  return held_.front();
}

void MediaCache::add(const std::shared_ptr<const MediaEmbedding>& media) {
  if (bytes_of(*media) > most_bytes_ || find(media->hash) != nullptr) return;
  const std::lock_guard guard(mutex_);
  held_.push_front(media);
  bytes_ += bytes_of(*media);
  while (bytes_ > most_bytes_) {
    bytes_ -= bytes_of(*held_.back());
    held_.pop_back();
  }
}

std::uint64_t MediaCache::bytes() const {
  const std::lock_guard guard(mutex_);
  return bytes_;
}

}  // namespace facet::engine
