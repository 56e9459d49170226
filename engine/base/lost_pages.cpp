#include "engine/base/lost_pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

namespace facet {

// A mapping that is watched; free while it has no end.
struct Watched {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> has_lost{false};
};

namespace {

// A signal belongs to the process, and its handler gets nothing but an address and may not wait. So this is the one
// place with state of its own: a table that the handler reads without a lock. A model is one file or some dozens.
constexpr std::size_t kMostMappings = 1024;
std::array<Watched, kMostMappings> table;
struct sigaction before;
std::uintptr_t page_bytes = 0;

// One call for all pages to the end, so that a large file costs no more than a small one, and no more mappings.
bool fill_with_zeros(std::uintptr_t address, std::uintptr_t end) {
  const std::uintptr_t first = address / page_bytes * page_bytes;
  const std::uintptr_t last = (end + page_bytes - 1) / page_bytes * page_bytes;
  const int kept = errno;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the address is what the kernel reports.
  void* const filled = ::mmap(reinterpret_cast<void*>(first), last - first, PROT_READ,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  errno = kept;
  return filled != MAP_FAILED;
}

bool is_mended(const siginfo_t& info) {
  // Otherwise somebody has sent the signal, and there is no address.
  if (info.si_code <= 0) return false;
  const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
  for (Watched& watched : table) {
    const std::uintptr_t end = watched.end.load(std::memory_order_acquire);
    if (address >= end || address < watched.begin.load(std::memory_order_relaxed)) continue;
    watched.has_lost.store(true);
    return fill_with_zeros(address, end);
  }
  return false;
}

// What is not ours goes where it went before.
void on_bus_error(int number, siginfo_t* info, void* context) {
  if (is_mended(*info)) return;
  if ((before.sa_flags & SA_SIGINFO) != 0) return before.sa_sigaction(number, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(number);
  // It is raised again when the handler returns.
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void install() {
  page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, &before);
}

// Held by those who enter and leave the table.
std::mutex& table_mutex() {
  static std::mutex mutex;
  return mutex;
}

Watched* watch(std::span<const std::byte> mapping) {
  const std::lock_guard lock(table_mutex());
  if (page_bytes == 0) install();
  for (Watched& watched : table) {
    if (watched.end.load() != 0) continue;
    const auto begin = reinterpret_cast<std::uintptr_t>(mapping.data());
    watched.begin.store(begin);
    watched.has_lost.store(false);
    watched.end.store(begin + mapping.size(), std::memory_order_release);
    return &watched;
  }
  return nullptr;
}

}  // namespace

LostPages::LostPages(std::span<const std::byte> mapping) : watched_(watch(mapping)) {}

LostPages::~LostPages() {
  if (watched_ == nullptr) return;
  const std::lock_guard lock(table_mutex());
  watched_->end.store(0);
}

bool LostPages::any() const {
  return watched_ != nullptr && watched_->has_lost.load(std::memory_order_relaxed);
}

}  // namespace facet
