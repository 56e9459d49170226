#include "engine/bench/read_probe.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "engine/base/thread_pool.h"

namespace facet::engine {
namespace {

// Far more than any cache holds.
constexpr std::size_t kBytes = std::size_t{512} << 20U;
constexpr std::size_t kPieceBytes = std::size_t{4} << 20U;
constexpr std::size_t kHugePage = std::size_t{2} << 20U;
constexpr int kPasses = 8;

struct FreeMemory {
  void operator()(std::uint64_t* memory) const { std::free(memory); }
};

// Sums of eight columns, which the compiler keeps in vector registers.
std::uint64_t sum_of(std::span<const std::uint64_t> words) {
  std::array<std::uint64_t, 8> sums{};
  for (std::size_t i = 0; i + sums.size() <= words.size(); i += sums.size())
    for (std::size_t lane = 0; lane < sums.size(); ++lane)
      sums[lane] += words[i + lane];
  std::uint64_t all = 0;
  for (const std::uint64_t sum : sums)
    all += sum;
  return all;
}

}  // namespace

Result<double> measure_read_bandwidth(int threads) {
  const std::unique_ptr<std::uint64_t, FreeMemory> memory(
      static_cast<std::uint64_t*>(std::aligned_alloc(kHugePage, kBytes)));
  if (memory == nullptr)
    return Error{Error::Code::OutOfMemory, "There is not enough memory to measure how fast it is read (512 MiB)."};
#ifdef __linux__
  madvise(memory.get(), kBytes, MADV_HUGEPAGE);
#endif
  const std::span<std::uint64_t> words(memory.get(), kBytes / sizeof(std::uint64_t));
  const std::size_t pieces = kBytes / kPieceBytes;
  const auto piece = [&](std::size_t index) {
    return words.subspan(index * words.size() / pieces, words.size() / pieces);
  };

  ThreadPool pool(threads);
  pool.run(pieces, [&](std::size_t index) { std::ranges::fill(piece(index), index + 1); });
  // Added up and looked at, so that no read can be left out.
  std::atomic<std::uint64_t> total{0};
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto start = std::chrono::steady_clock::now();
    pool.run(pieces, [&](std::size_t index) { total.fetch_add(sum_of(piece(index)), std::memory_order_relaxed); });
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(kBytes) / elapsed.count());
  }
  const std::uint64_t expected = kPasses * (kPieceBytes / sizeof(std::uint64_t)) * (pieces * (pieces + 1) / 2);
  if (total.load() != expected) return Error{Error::Code::Internal, "Memory gave back other values than were written."};
  return best;
}

}  // namespace facet::engine
