#include "tools/sandbox/program/system_calls.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <vector>

#include "tools/sandbox/program/failure.h"

namespace facet::tools::sandbox {
namespace {

#if defined(__x86_64__)
constexpr unsigned kProcessor = AUDIT_ARCH_X86_64;
constexpr unsigned kOtherNumbers = 0x40000000;  // those of x32
#elif defined(__aarch64__)
constexpr unsigned kProcessor = AUDIT_ARCH_AARCH64;
constexpr unsigned kOtherNumbers = 0x80000000;
#else
constexpr unsigned kProcessor = 0;
constexpr unsigned kOtherNumbers = 0;
#endif

// Calls that came after the list below was made: SYS_set_mempolicy_home_node is 450 everywhere. Programs have to
// manage without them on older kernels, too.
constexpr unsigned kFirstUnknown = 451;

// Refused whatever the arguments are.
constexpr unsigned kForbidden[] = {
    // Other processes.
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_process_mrelease,
    // Namespaces, mounts and roots.
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_swapon,
    SYS_swapoff,
    SYS_fanotify_init,
    SYS_fanotify_mark,
    // Large parts of the kernel that commands do not need.
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_personality,
    // The machine.
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_reboot,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_syslog,
    SYS_acct,
    SYS_vhangup,
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
    SYS_ustat,
    SYS_sysfs,
    SYS__sysctl,
    SYS_create_module,
#endif
    // Memory that no limit and no folder holds.
    SYS_memfd_create,
    SYS_memfd_secret,
    SYS_shmget,
};

// Refused with Landlock alone, which does not know them: what changes a file without opening it for writing, and what
// is shared by all processes of a user.
constexpr unsigned kForbiddenOutsideNamespaces[] = {
    SYS_fchmod,    SYS_fchmodat,  SYS_fchown,      SYS_fchownat,     SYS_utimensat,    SYS_setxattr,
    SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr,
#if defined(__x86_64__)
    SYS_chmod,     SYS_chown,     SYS_lchown,      SYS_utime,        SYS_utimes,       SYS_futimesat,
#endif
    SYS_shmat,     SYS_shmctl,    SYS_msgget,      SYS_msgsnd,       SYS_msgrcv,       SYS_msgctl,
    SYS_semget,    SYS_semop,     SYS_semtimedop,  SYS_semctl,       SYS_mq_open,      SYS_mq_unlink,
    SYS_connect,   SYS_bind,      SYS_listen,
};

// Of another process than the caller: the first argument or, for those that name a kind of it first, the second.
constexpr unsigned kOwnProcessOnly[] = {SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setscheduler,
                                        SYS_sched_setparam, SYS_sched_setattr};
constexpr unsigned kOwnProcessOnlySecond[] = {SYS_setpriority, SYS_ioprio_set};

// Calls that give a file its mode, and where; a call that can not be looked into does not exist.
struct ModeArgument {
  unsigned call;
  unsigned argument;
};
constexpr ModeArgument kModes[] = {{SYS_fchmod, 1},  {SYS_fchmodat, 2}, {SYS_openat, 3},
                                   {SYS_mknodat, 2},
#if defined(__x86_64__)
                                   {SYS_chmod, 1},   {SYS_open, 2},     {SYS_creat, 1},
                                   {SYS_mknod, 1}
#endif
};

constexpr unsigned kTerminalInput = 0x5412;    // TIOCSTI
constexpr unsigned kTerminalConsole = 0x541C;  // TIOCLINUX
constexpr unsigned kTerminalOwner = 0x540E;    // TIOCSCTTY
// Requests that change a file without its being open for writing, and those that type into a terminal.
constexpr unsigned kForbiddenRequests[] = {kTerminalInput,
                                           kTerminalConsole,
                                           kTerminalOwner,
                                           FS_IOC_SETFLAGS,
                                           FS_IOC_FSSETXATTR,
                                           FS_IOC_SETVERSION,
                                           FS_IOC32_SETFLAGS,
                                           0x40086685U /* FS_IOC_ENABLE_VERITY */,
                                           0x800c6613U /* FS_IOC_SET_ENCRYPTION_POLICY */,
                                           FIFREEZE,
                                           FITHAW};

constexpr unsigned kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// A filter, written as it is run: the number of the call is loaded between the rules, and a rule that has looked at
// something else loads it again. All values lie in the lower halves of the arguments, which alone the kernel looks at
// where these are ints.
class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    jump(BPF_JEQ, kProcessor, 1, 0);
    refuse_always(EPERM);
    load(offsetof(seccomp_data, nr));
    jump(BPF_JGE, kOtherNumbers, 0, 1);
    refuse_always(ENOSYS);
    jump(BPF_JGE, kFirstUnknown, 0, 1);
    refuse_always(ENOSYS);
  }

  void refuse(unsigned call, int error = EPERM) {
    jump(BPF_JEQ, call, 0, 1);
    refuse_always(error);
  }

  // Refuses the call where the bits of the argument that are in `mask` are none of the values.
  void refuse_unless(unsigned call, unsigned argument, unsigned mask, const std::vector<unsigned>& values,
                     int error = EPERM) {
    const auto count = static_cast<unsigned char>(values.size());
    jump(BPF_JEQ, call, 0, static_cast<unsigned char>(count + 4));
    load_argument(argument, mask);
    for (unsigned char i = 0; i < count; ++i)
      jump(BPF_JEQ, values[i], static_cast<unsigned char>(count - i), 0);
    refuse_always(error);
    load(offsetof(seccomp_data, nr));
  }

  // Refuses the call where the argument is the value.
  void refuse_where(unsigned call, unsigned argument, unsigned value) {
    jump(BPF_JEQ, call, 0, 5);
    load_argument(argument, ~0U);
    jump(BPF_JEQ, value, 0, 1);
    refuse_always(EPERM);
    load(offsetof(seccomp_data, nr));
  }

  // Refuses the call where the argument has one of the bits.
  void refuse_bits(unsigned call, unsigned argument, unsigned bits) {
    jump(BPF_JEQ, call, 0, 5);
    load_argument(argument, ~0U);
    jump(BPF_JSET, bits, 0, 1);
    refuse_always(EPERM);
    load(offsetof(seccomp_data, nr));
  }

  void install() {
    program_.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
    const sock_fprog whole{static_cast<unsigned short>(program_.size()), program_.data()};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0) != 0) give_up("a filter of system calls");
  }

 private:
  void load(std::size_t offset) { program_.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<unsigned>(offset)}); }
  void load_argument(unsigned argument, unsigned mask) {
    load(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
    program_.push_back({BPF_ALU | BPF_AND | BPF_K, 0, 0, mask});
  }
  // Steps over as many instructions where the comparison holds, and where it does not.
  void jump(unsigned how, unsigned value, unsigned char where_so, unsigned char otherwise) {
    program_.push_back({static_cast<unsigned short>(BPF_JMP | how | BPF_K), where_so, otherwise, value});
  }
  void refuse_always(int error) {
    program_.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)});
  }

  std::vector<sock_filter> program_;
};

// No socket of a file or of a name: behind both, programs outside listen. A pair of connected ones stays in the
// family; a pair of datagram sockets could be connected to others.
void restrict_sockets(Filter& filter, bool has_internet) {
  constexpr unsigned kTypeBits = 0xf;
  if (has_internet) {
    filter.refuse_unless(SYS_socket, 0, ~0U, {AF_INET, AF_INET6}, EAFNOSUPPORT);
    filter.refuse_unless(SYS_socket, 1, kTypeBits, {SOCK_STREAM, SOCK_DGRAM}, EPERM);
  } else {
    filter.refuse(SYS_socket, EAFNOSUPPORT);
  }
  filter.refuse_unless(SYS_socketpair, 0, ~0U, {AF_UNIX}, EAFNOSUPPORT);
  filter.refuse_unless(SYS_socketpair, 1, kTypeBits, {SOCK_STREAM, SOCK_SEQPACKET}, EPERM);
}

}  // namespace

void forbid_system_calls(const WallPlan& plan) {
  if (kProcessor == 0) {
    errno = ENOSYS;
    give_up("a filter of system calls for this processor");
  }
  const bool is_alone = plan.wall == Wall::Landlock;
  Filter filter;
  for (const unsigned call : kForbidden)
    filter.refuse(call);
  // The library then takes the older call, whose flags can be looked at.
  filter.refuse(SYS_clone3, ENOSYS);
  filter.refuse_bits(SYS_clone, 0, kNewNamespaces);
  for (const unsigned call : kOwnProcessOnly)
    filter.refuse_unless(call, 0, ~0U, {0});
  for (const unsigned call : kOwnProcessOnlySecond)
    filter.refuse_unless(call, 1, ~0U, {0});
  for (const unsigned request : kForbiddenRequests)
    filter.refuse_where(SYS_ioctl, 1, request);
  filter.refuse_unless(SYS_mknodat, 2, S_IFMT, {0, S_IFREG, S_IFIFO});
#if defined(__x86_64__)
  filter.refuse_unless(SYS_mknod, 1, S_IFMT, {0, S_IFREG, S_IFIFO});
#endif
  // Files that would lend other users the rights of this one.
  for (const auto& [call, argument] : kModes)
    filter.refuse_bits(call, argument, S_ISUID | S_ISGID);
  filter.refuse(SYS_openat2, ENOSYS);
  if (is_alone) {
    for (const unsigned call : kForbiddenOutsideNamespaces)
      if (!plan.network || (call != SYS_connect && call != SYS_bind && call != SYS_listen)) filter.refuse(call);
  }
  // In a network of their own, processes may talk to each other.
  restrict_sockets(filter, plan.network || !is_alone);
  filter.install();
}

}  // namespace facet::tools::sandbox
