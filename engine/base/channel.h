#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace facet {

// A bounded queue between threads. Any number of senders and receivers. Closing it lets receivers drain what is left
// and makes every later send fail.
template <typename T>
class Channel {
 public:
  explicit Channel(std::size_t capacity) : capacity_(capacity) {}

  // Waits for room. False when the channel is closed.
  bool send(T value) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
    if (closed_) return false;
    items_.push_back(std::move(value));
    lock.unlock();
    filled_.notify_one();
    return true;
  }

  // False at once when the channel is full or closed.
  bool try_send(T value) {
    {
      std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(value));
    }
    filled_.notify_one();
    return true;
  }

  // Waits for a value. Nothing when the channel is closed and empty, or when a stop was requested.
  std::optional<T> receive(std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  std::optional<T> try_receive() {
    std::unique_lock lock(mutex_);
    return take(lock);
  }

  bool is_closed() {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    filled_.notify_all();
    room_.notify_all();
  }

 private:
  std::optional<T> take(std::unique_lock<std::mutex>& lock) {
    if (items_.empty()) return std::nullopt;
    std::optional<T> value(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    room_.notify_one();
    return value;
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::condition_variable_any room_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace facet
