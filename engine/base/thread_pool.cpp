#include "engine/base/thread_pool.h"

#include <algorithm>

#include "engine/base/check.h"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace facet {
namespace {

// About 20 microseconds: longer than the serial work between two loops of a forward pass, shorter than what a user's
// other programs would notice.
constexpr int kSpins = 1000;

void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Returns when `value` is no longer `old`.
void wait_while_equal(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause_briefly();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i)
    workers_.emplace_back([this] { worker_loop(); });
}

ThreadPool::~ThreadPool() {
  ending_.store(true);
  epoch_.fetch_add(1);
  epoch_.notify_all();
  for (std::thread& worker : workers_)
    worker.join();
}

void ThreadPool::fork(const Job& job, std::size_t count) {
  FACET_CHECK(count <= UINT32_MAX, "%zu", count);
  job_ = job;
  unfinished_.store(static_cast<std::uint32_t>(count), std::memory_order_relaxed);
  const std::uint64_t number = (unclaimed_.load(std::memory_order_relaxed) >> 32U) + 1;
  unclaimed_.store((number << 32U) | count, std::memory_order_release);
  epoch_.fetch_add(1);
  epoch_.notify_all();
  work();
  for (std::uint32_t left = unfinished_.load(std::memory_order_acquire); left != 0;
       left = unfinished_.load(std::memory_order_acquire))
    wait_while_equal(unfinished_, left);
}

bool ThreadPool::claim(std::uint32_t& index) {
  std::uint64_t state = unclaimed_.load(std::memory_order_acquire);
  while ((state & UINT32_MAX) != 0) {
    if (unclaimed_.compare_exchange_weak(state, state - 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
      index = static_cast<std::uint32_t>(state & UINT32_MAX) - 1;
      return true;
    }
  }
  return false;
}

// Whoever holds a claimed index may read the job: `fork` does not return, and so no next job begins, before the index
// is finished.
void ThreadPool::work() {
  std::uint32_t index = 0;
  while (claim(index)) {
    job_.call(job_.context, index);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_one();
  }
}

void ThreadPool::worker_loop() {
  std::uint32_t seen = 0;
  while (true) {
    wait_while_equal(epoch_, seen);
    seen = epoch_.load(std::memory_order_acquire);
    if (ending_.load()) return;
    work();
  }
}

}  // namespace facet
