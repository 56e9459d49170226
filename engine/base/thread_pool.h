#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace facet {

// Fork and join for loops of microseconds. One thread at a time calls `run`; it works along, and returns when every
// index is done. It never waits for a worker that has not begun, so a machine whose other cores are busy is no slower
// than one thread alone. Idle workers look for work for some microseconds and then sleep.
class ThreadPool {
 public:
  // `threads` includes the caller. At least one.
  explicit ThreadPool(int threads);
  ~ThreadPool();

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls `task(index)` once for every index below `count`, in any order and on any thread. The task must not throw and
  // must not call `run`.
  template <typename Task>
  void run(std::size_t count, const Task& task) {
    if (count <= 1 || workers_.empty()) {
      for (std::size_t i = 0; i < count; ++i)
        task(i);
      return;
    }
    fork({&task, [](const void* context, std::size_t index) { (*static_cast<const Task*>(context))(index); }}, count);
  }

 private:
  struct Job {
    const void* context = nullptr;
    void (*call)(const void* context, std::size_t index) = nullptr;
  };

  void fork(const Job& job, std::size_t count);
  bool claim(std::uint32_t& index);
  void work();
  void worker_loop();

  // The number of the job in the high half, the indices of it that nobody has claimed in the low half. A claim is one
  // compare-and-swap, so a worker that wakes up late can neither take an index twice nor touch a job that is over.
  std::atomic<std::uint64_t> unclaimed_{0};
  std::atomic<std::uint32_t> unfinished_{0};
  std::atomic<std::uint32_t> epoch_{0};
  std::atomic<bool> ending_{false};
  Job job_;
  std::vector<std::thread> workers_;
};

}  // namespace facet
