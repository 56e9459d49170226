#include "tools/media/program/confine.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "tools/media/program/answer.h"
#include "tools/media/program/system_calls.h"

namespace facet::tools::media {
namespace {

// A sanitizer reserves the address space many times over.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCountsMemory = false;
#else
constexpr bool kCountsMemory = true;
#endif

// The most that `allow_more_memory` can ask for: a picture of the largest size with 16 bytes for each pixel.
constexpr std::uint64_t kMostMoreBytes = 1ULL << 32U;

void limit(__rlimit_resource_t resource, std::uint64_t now, std::uint64_t most) {
  const rlimit both{now, most};
  if (setrlimit(resource, &both) != 0) fail(Failure::NotConfined);
}

void limit(__rlimit_resource_t resource, std::uint64_t most) {
  limit(resource, most, most);
}

// Of private memory that can be written. Shared libraries, which take a quarter of a gigabyte of address space and
// little memory, do not count.
void limit_memory(std::uint64_t bytes) {
  if (kCountsMemory) limit(RLIMIT_DATA, bytes, bytes + kMostMoreBytes);
  // One heap for all threads: each further one reserves 128 MB.
  mallopt(M_ARENA_MAX, 1);
}

// What the one who started this process has left open by mistake. Older kernels and containers know no better way than
// one by one.
void close_other_descriptors() {
  if (close_range(kAnswerDescriptor + 1, ~0U, 0) == 0) return;
  rlimit most{};
  if (getrlimit(RLIMIT_NOFILE, &most) != 0) fail(Failure::NotConfined);
  for (rlim_t i = kAnswerDescriptor + 1; i < std::min<rlim_t>(most.rlim_cur, 1U << 16U); ++i)
    close(static_cast<int>(i));
}

bool enter_empty_network() {
  return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 || unshare(CLONE_NEWNET) == 0;
}

}  // namespace

bool confine(const Limits& limits) {
  const pid_t parent = getppid();
  close_other_descriptors();
  const bool is_alone = enter_empty_network();
  // After the namespaces, for entering one takes this back.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0 ||
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    fail(Failure::NotConfined);
  if (getppid() != parent) _exit(0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_NOFILE, kAnswerDescriptor + 1);
  // The first limit ends it with a signal that says why, the second one in any case.
  limit(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 5);
  limit_memory(limits.memory_bytes);
  if (!allow_only_harmless_calls()) fail(Failure::NotConfined);
  return is_alone;
}

void allow_more_memory(std::uint64_t bytes) {
  rlimit now{};
  if (!kCountsMemory || getrlimit(RLIMIT_DATA, &now) != 0) return;
  now.rlim_cur = std::min<rlim_t>(now.rlim_cur + std::min(bytes, kMostMoreBytes), now.rlim_max);
  setrlimit(RLIMIT_DATA, &now);
}

ConfinementMessage try_forbidden() {
  ConfinementMessage tried;
  tried.opens_files = open("/proc/self/status", O_RDONLY | O_CLOEXEC) >= 0 ? 1 : 0;
  tried.opens_sockets = socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 1 : 0;
  const long child = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) _exit(0);
  char program[] = "/bin/true";
  char* const words[] = {program, nullptr};
  // Where programs can be started, this does not come back, and the answer that is missing tells it.
  execve(program, words, words + 1);
  tried.starts_programs = child > 0 ? 1 : 0;
  tried.signals_others = kill(getppid(), 0) == 0 ? 1 : 0;
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0)
    tried.most_descriptors = static_cast<std::uint32_t>(std::min<rlim_t>(descriptors.rlim_cur, 1U << 30U));
  return tried;
}

}  // namespace facet::tools::media
