#pragma once

#include <condition_variable>
#include <mutex>

namespace facet {

// Who goes first when several wait.
enum class Priority { Chat, Background };

// A lock for work that is done in short pieces by a person's conversation and by background jobs: whoever waits for a
// conversation gets it before all that wait in the background. Any thread may call.
class TurnLock {
 public:
  void lock(Priority priority) {
    std::unique_lock guard(mutex_);
    int& waiting = priority == Priority::Chat ? waiting_chats_ : waiting_background_;
    ++waiting;
    free_.wait(guard, [&] { return !held_ && (priority == Priority::Chat || waiting_chats_ == 0); });
    --waiting;
    held_ = true;
  }

  void unlock() {
    {
      const std::lock_guard guard(mutex_);
      held_ = false;
    }
    free_.notify_all();
  }

  // How many wait at the moment.
  int waiting() const {
    const std::lock_guard guard(mutex_);
    return waiting_chats_ + waiting_background_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable free_;
  bool held_ = false;
  int waiting_chats_ = 0;
  int waiting_background_ = 0;
};

// Holds the turn for the length of a block.
class Turn {
 public:
  Turn(TurnLock& lock, Priority priority) : lock_(lock) { lock_.lock(priority); }
  ~Turn() { lock_.unlock(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  TurnLock& lock_;
};

}  // namespace facet
