#include "tools/media/program/system_calls.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <vector>

#include "tools/media/protocol.h"

namespace facet::tools::media {
namespace {

#if defined(__x86_64__)
constexpr std::optional<unsigned> kProcessor = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::optional<unsigned> kProcessor = AUDIT_ARCH_AARCH64;
#else
constexpr std::optional<unsigned> kProcessor;
#endif

// What a call's argument must be like. All the values that are looked at fit the lower half of an argument.
enum class Rule { Any, Equals, HasBit, LacksBit };

struct AllowedCall {
  unsigned number;
  Rule rule = Rule::Any;
  unsigned argument = 0;
  unsigned value = 0;
};

constexpr AllowedCall kAllowed[] = {
    // The file, and the answers.
    {SYS_pread64, Rule::Equals, 0, kFileDescriptor},
    {SYS_write, Rule::Equals, 0, kAnswerDescriptor},
    // Memory, none of which becomes a program.
    {SYS_brk},
    {SYS_mmap, Rule::LacksBit, 2, PROT_EXEC},
    {SYS_mprotect, Rule::LacksBit, 2, PROT_EXEC},
    {SYS_mremap},
    {SYS_munmap},
    {SYS_madvise},
    {SYS_prlimit64, Rule::Equals, 0, 0},  // of this process
    // Threads, but no processes.
    {SYS_clone, Rule::HasBit, 0, CLONE_THREAD},
    {SYS_futex},
    {SYS_set_robust_list},
    {SYS_rseq},
    {SYS_sched_getaffinity},
    {SYS_sched_yield},
    {SYS_gettid},
    {SYS_rt_sigaction},
    {SYS_rt_sigprocmask},
    {SYS_rt_sigreturn},
    {SYS_sigaltstack},
    {SYS_restart_syscall},
    // The time and chance.
    {SYS_clock_gettime},
    {SYS_clock_nanosleep},
    {SYS_nanosleep},
    {SYS_gettimeofday},
    {SYS_getrandom},
    {SYS_getpid},
    {SYS_getppid},
    {SYS_exit},
    {SYS_exit_group},
};

constexpr unsigned kNumberOffset = offsetof(seccomp_data, nr);
constexpr unsigned kProcessorOffset = offsetof(seccomp_data, arch);

constexpr unsigned argument_offset(unsigned index) {
  return static_cast<unsigned>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
}

using Program = std::vector<sock_filter>;

void load(Program& program, unsigned offset) {
  program.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, offset});
}

void answer(Program& program, unsigned verdict) {
  program.push_back({BPF_RET | BPF_K, 0, 0, verdict});
}

// Steps over as many instructions where the comparison holds, and where it does not.
void compare(Program& program, unsigned how, unsigned value, unsigned char where_so, unsigned char otherwise) {
  program.push_back({static_cast<unsigned short>(BPF_JMP | how | BPF_K), where_so, otherwise, value});
}

void allow(Program& program, const AllowedCall& call) {
  if (call.rule == Rule::Any) {
    compare(program, BPF_JEQ, call.number, 0, 1);
    answer(program, SECCOMP_RET_ALLOW);
    return;
  }
  compare(program, BPF_JEQ, call.number, 0, 4);
  load(program, argument_offset(call.argument));
  const bool refuses_match = call.rule == Rule::LacksBit;
  compare(program, call.rule == Rule::Equals ? BPF_JEQ : BPF_JSET, call.value, refuses_match ? 1 : 0,
          refuses_match ? 0 : 1);
  answer(program, SECCOMP_RET_ALLOW);
  load(program, kNumberOffset);
}

Program filter() {
  Program program;
  load(program, kProcessorOffset);
  compare(program, BPF_JEQ, *kProcessor, 1, 0);
  answer(program, SECCOMP_RET_KILL_PROCESS);
  load(program, kNumberOffset);
  for (const AllowedCall& call : kAllowed)
    allow(program, call);
  // The library tries the older call, whose flags can be looked at, when the newer one does not exist.
  compare(program, BPF_JEQ, SYS_clone3, 0, 1);
  answer(program, SECCOMP_RET_ERRNO | ENOSYS);
  answer(program, SECCOMP_RET_ERRNO | EPERM);
  return program;
}

}  // namespace

bool allow_only_harmless_calls() {
  if (!kProcessor) return false;
  Program program = filter();
  const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0) == 0;
}

}  // namespace facet::tools::media
