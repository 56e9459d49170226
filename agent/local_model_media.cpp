#include "agent/local_model_media.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace facet::agent {

namespace {

using Clock = std::chrono::steady_clock;

// Some dozens of pictures of the largest budget, even for the widest model.
constexpr std::uint64_t kMostRecentBytes = std::uint64_t{256} << 20U;
// Names of what is long gone are forgotten when there are so many.
constexpr std::size_t kMostKnown = 4096;
constexpr auto kTick = std::chrono::milliseconds(100);

std::uint64_t bytes_of(const engine::MediaEmbedding& embedding) {
  return embedding.rows.size() * sizeof(float);
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

// What the two threads share.
struct LocalModelMedia::Work {
  std::vector<MediaItem> items;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Made> made;
  std::optional<Status> ended;
};

LocalModelMedia::Embedding LocalModelMedia::find(const MediaItem& item) const {
  const auto known = known_.find(key_of(item));
  return known == known_.end() ? nullptr : known->second.lock();
}

Result<std::vector<LocalModelMedia::Embedding>> LocalModelMedia::encode(std::span<const MediaItem* const> items,
                                                                        Priority priority, const Tick& tick,
                                                                        const std::stop_token& stop) {
  std::vector<Embedding> embeddings;
  std::unordered_map<std::string, std::size_t> places;  // of what is missing
  Work shared;
  for (const MediaItem* item : items) {
    embeddings.push_back(find(*item));
    if (embeddings.back() == nullptr && places.emplace(key_of(*item), shared.items.size()).second)
      shared.items.push_back(*item);
  }
  if (shared.items.empty()) return embeddings;
  if (source_ == nullptr)
    return Error{Error::Code::Unsupported, "The file " + shared.items.front().name + " can not be decoded here."};

  const auto total = static_cast<std::int64_t>(shared.items.size());
  std::stop_source ending;
  const std::stop_callback forwarded(stop, [&] { ending.request_stop(); });
  {
    const std::jthread worker([&] { work(shared, priority, ending.get_token()); });
    std::unique_lock lock(shared.mutex);
    while (!shared.ended) {
      const auto done = static_cast<std::int64_t>(shared.made.size());
      lock.unlock();
      if (tick) tick(done, total);
      lock.lock();
      shared.changed.wait_for(lock, kTick, [&] { return shared.ended.has_value(); });
    }
  }
  // What was made before a failure or a stop is kept.
  std::vector<Embedding> made(shared.items.size());
  for (const Made& one : shared.made) {
    remember(shared.items[one.place], one);
    made[one.place] = one.embedding;
  }
  FACET_RETURN_IF_ERROR(*shared.ended);
  if (tick) tick(total, total);
  for (std::size_t i = 0; i < items.size(); ++i)
    if (embeddings[i] == nullptr) embeddings[i] = made[places.at(key_of(*items[i]))];
  return embeddings;
}

// Runs on a thread of its own.
void LocalModelMedia::work(Work& work, Priority priority, const std::stop_token& stop) const {
  Status done;
  try {
    // Items of one file lie side by side.
    for (std::size_t first = 0; done.ok() && first < work.items.size();) {
      std::size_t end = first + 1;
      while (end < work.items.size() && work.items[end].file == work.items[first].file &&
             work.items[end].is_sound() == work.items[first].is_sound())
        ++end;
      done = make(std::span(work.items).subspan(first, end - first), first, work, priority, stop);
      first = end;
    }
  } catch (const std::exception& exception) {
    done = Error{Error::Code::Internal, std::string("The media could not be encoded: ") + exception.what() + "."};
  }
  const std::lock_guard lock(work.mutex);
  work.ended = std::move(done);
  work.changed.notify_all();
}

Status LocalModelMedia::make(std::span<const MediaItem> items, std::size_t first, Work& work, Priority priority,
                             const std::stop_token& stop) const {
  const auto take = [&](std::size_t index, MediaContent content) -> Status {
    const auto begin = Clock::now();
    FACET_ASSIGN_OR_RETURN(Embedding embedding, encode_content(items[index], content, priority, stop));
    const std::lock_guard lock(work.mutex);
    work.made.push_back({first + index, std::move(embedding), seconds_since(begin)});
    return {};
  };
  return source_->decode(items, take, stop);
}

Result<LocalModelMedia::Embedding> LocalModelMedia::encode_content(const MediaItem& item, const MediaContent& content,
                                                                   Priority priority,
                                                                   const std::stop_token& stop) const {
  if (const auto* image = std::get_if<engine::RgbImage>(&content))
    return engine_.encode(*image, item.budget, priority, stop);
  return engine_.encode(std::get<engine::PcmAudio>(content), priority, stop);
}

void LocalModelMedia::remember(const MediaItem& item, const Made& made) {
  if (known_.size() >= kMostKnown) std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
  known_[key_of(item)] = made.embedding;
  recent_.push_front(made.embedding);
  recent_bytes_ += bytes_of(*made.embedding);
  while (recent_bytes_ > kMostRecentBytes && recent_.size() > 1) {
    recent_bytes_ -= bytes_of(*recent_.back());
    recent_.pop_back();
  }
  // The latest half counts as much as everything before.
  Speed& speed = item.is_sound() ? sounds_ : pictures_;
  speed.seconds = speed.seconds / 2 + made.seconds;
  speed.tokens = speed.tokens / 2 + made.embedding->tokens();
}

std::optional<double> LocalModelMedia::seconds_for(std::span<const MediaItem> items) const {
  double seconds = 0;
  for (const MediaItem& item : items) {
    const Speed& speed = item.is_sound() ? sounds_ : pictures_;
    if (speed.tokens == 0) return std::nullopt;
    seconds += static_cast<double>(item.piece.tokens) * speed.seconds / speed.tokens;
  }
  return seconds;
}

}  // namespace facet::agent
