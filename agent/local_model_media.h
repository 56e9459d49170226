#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/media_source.h"
#include "agent/text_model.h"
#include "engine/base/result.h"
#include "engine/engine.h"

namespace facet::agent {

// What a local model has made of the pictures and sounds of its prompts. A picture that is known is neither decoded nor
// encoded again. Belongs to the thread that the model belongs to; that may go on with other things while one of its own
// threads decodes and encodes.
class LocalModelMedia {
 public:
  using Embedding = std::shared_ptr<const engine::MediaEmbedding>;
  // Told a few times a second how many are done, and in the end.
  using Tick = std::function<void(std::int64_t done, std::int64_t total)>;

  LocalModelMedia(const engine::Engine& engine, std::shared_ptr<MediaSource> source)
      : engine_(engine), source_(std::move(source)) {}

  // Null when it was never encoded, or let go.
  Embedding find(const MediaItem& item) const;
  // Of all items, in their order; encodes those that are missing. Sequences take turns with it.
  Result<std::vector<Embedding>> encode(std::span<const MediaItem* const> items, Priority priority, const Tick& tick,
                                        const std::stop_token& stop);
  // How long encoding such items takes, going by what was encoded; nothing when that was nothing of their kind.
  std::optional<double> seconds_for(std::span<const MediaItem> items) const;

 private:
  // Time and soft tokens of what was encoded lately.
  struct Speed {
    double seconds = 0;
    double tokens = 0;
  };
  struct Made {
    std::size_t place = 0;  // among the items to be made
    Embedding embedding;
    double seconds = 0;
  };
  struct Work;

  void work(Work& work, Priority priority, const std::stop_token& stop) const;
  Status make(std::span<const MediaItem> items, std::size_t first, Work& work, Priority priority,
              const std::stop_token& stop) const;
  Result<Embedding> encode_content(const MediaItem& item, const MediaContent& content, Priority priority,
                                   const std::stop_token& stop) const;
  void remember(const MediaItem& item, const Made& made);

  const engine::Engine& engine_;
  const std::shared_ptr<MediaSource> source_;  // also used by those who describe files
  // Whatever somebody still holds, a sequence or the list behind it, is found.
  std::unordered_map<std::string, std::weak_ptr<const engine::MediaEmbedding>> known_;
  std::list<Embedding> recent_;  // those made last in front
  std::uint64_t recent_bytes_ = 0;
  Speed pictures_;
  Speed sounds_;
};

}  // namespace facet::agent
