#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "tests/tools/walls/attempts.h"

namespace facet::tools::attempts {
namespace {

template <typename... Arguments>
bool calls(long number, Arguments... arguments) {
  return syscall(number, arguments...) >= 0;
}

// By the call of which the flags can be seen.
bool clones(unsigned long flags) {
  const long child = syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) _exit(0);
  if (child > 0) waitpid(static_cast<pid_t>(child), nullptr, 0);
  return child > 0;
}

bool clones_anew(unsigned long flags) {
  clone_args arguments{};
  arguments.flags = flags;
  arguments.exit_signal = SIGCHLD;
  const long child = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) _exit(0);
  if (child > 0) waitpid(static_cast<pid_t>(child), nullptr, 0);
  return child > 0;
}

bool joins(const std::string& name) {
  const int file = open(("/proc/" + name).c_str(), O_RDONLY | O_CLOEXEC);
  return file >= 0 && setns(file, 0) == 0;
}

bool pushes(const char* terminal) {
  const int file = terminal == nullptr ? 0 : open(terminal, O_RDWR | O_CLOEXEC | O_NOCTTY);
  char letter = 'x';
  return ioctl(file, TIOCSTI, &letter) == 0;
}

#if defined(__x86_64__)
// The number of the process by a call as older programs make it.
long by_interrupt(long number) {
  long result = 0;
  asm volatile("int $0x80" : "=a"(result) : "a"(number) : "memory");
  return result;
}
#endif

}  // namespace

std::vector<Attempt> kernel_attempts() {
  return {
    {"unshare users", false, [](const World&) { return unshare(CLONE_NEWUSER) == 0; }},
        {"unshare mounts", false, [](const World&) { return unshare(CLONE_NEWNS) == 0; }},
        {"unshare the network", false, [](const World&) { return unshare(CLONE_NEWNET) == 0; }},
        {"unshare processes", false, [](const World&) { return unshare(CLONE_NEWPID) == 0; }},
        {"unshare users and mounts", false, [](const World&) { return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0; }},
        {"unshare messages", false, [](const World&) { return unshare(CLONE_NEWIPC) == 0; }},
        {"unshare the name", false, [](const World&) { return unshare(CLONE_NEWUTS) == 0; }},
        {"unshare control groups", false, [](const World&) { return unshare(CLONE_NEWCGROUP) == 0; }},
        {"unshare the time", false, [](const World&) { return unshare(0x80) == 0; }},
        {"a process with its own users", false, [](const World&) { return clones(CLONE_NEWUSER); }},
        {"a process with its own users and network", false,
         [](const World&) { return clones(CLONE_NEWUSER | CLONE_NEWNET); }},
        {"a process with its own users by the new call", false,
         [](const World&) { return clones_anew(CLONE_NEWUSER); }},
        {"a process with its own time by the new call", false, [](const World&) { return clones_anew(0x80); }},
        {"join the first process's network", false, [](const World&) { return joins("1/ns/net"); }},
        {"join the first process's mounts", false, [](const World&) { return joins("1/ns/mnt"); }},
        {"join the own users", false, [](const World&) { return joins("self/ns/user"); }},
        {"join another process's network", false,
         [](const World& w) { return joins(std::to_string(w.victim) + "/ns/net"); }},
        {"mount memory", false,
         [](const World& w) { return mount("tmpfs", w.work.c_str(), "tmpfs", 0, nullptr) == 0; }},
        {"mount a folder", false,
         [](const World& w) { return mount("/etc", w.work.c_str(), nullptr, MS_BIND, nullptr) == 0; }},
        {"mount processes", false,
         [](const World& w) { return mount("proc", w.work.c_str(), "proc", 0, nullptr) == 0; }},
        {"mount an overlay", false,
         [](const World& w) { return mount("overlay", w.work.c_str(), "overlay", 0, ("lowerdir=/etc:/usr")) == 0; }},
        {"make the root writable", false,
         [](const World&) { return mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0; }},
        {"unmount what hides", false,
         [](const World& w) { return umount2((w.home + "/.ssh").c_str(), MNT_DETACH) == 0; }},
        {"unmount what covers", false, [](const World&) { return umount2("/tmp", MNT_DETACH) == 0; }},
        {"unmount processes", false, [](const World&) { return umount2("/proc", MNT_DETACH) == 0; }},
        {"copy a mount", false, [](const World&) { return open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE) >= 0; }},
        {"open a mount", false, [](const World&) { return open_tree(AT_FDCWD, "/", 0) >= 0; }},
        {"move a mount", false,
         [](const World& w) { return move_mount(AT_FDCWD, "/tmp", AT_FDCWD, w.work.c_str(), 0) == 0; }},
        {"change a mount", false,
         [](const World&) {
           mount_attr attributes{};
           attributes.attr_clr = MOUNT_ATTR_RDONLY;
           return mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attributes, sizeof attributes) == 0;
         }},
        {"open a file system", false, [](const World&) { return fsopen("tmpfs", 0) >= 0; }},
        {"pick a file system", false, [](const World&) { return fspick(AT_FDCWD, "/", 0) >= 0; }},
        {"change the root", false, [](const World& w) { return chroot(w.work.c_str()) == 0; }},
        {"turn the root", false, [](const World&) { return calls(SYS_pivot_root, ".", "."); }},
        {"set up rings", false,
         [](const World&) {
           char parameters[120] = {};
           return calls(SYS_io_uring_setup, 4, parameters);
         }},
        {"enter rings", false, [](const World&) { return calls(SYS_io_uring_enter, 0, 0, 0, 0, nullptr, 0); }},
        {"register rings", false, [](const World&) { return calls(SYS_io_uring_register, 0, 0, nullptr, 0); }},
        {"join a keyring", false, [](const World&) { return calls(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr); }},
        {"search a keyring", false,
         [](const World&) { return calls(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0); }},
        {"add a key", false,
         [](const World&) { return calls(SYS_add_key, "user", "facet", "x", 1, KEY_SPEC_USER_KEYRING); }},
        {"request a key", false, [](const World&) { return calls(SYS_request_key, "user", "facet", nullptr, 0); }},
        {"load a program into the kernel", false,
         [](const World&) {
           struct {
             unsigned type = 1, count = 0;
             unsigned long long instructions = 0, license = 0;
             char rest[100] = {};
           } attributes;
           return calls(SYS_bpf, 5, &attributes, sizeof attributes) || (errno != EPERM && errno != ENOSYS);
         }},
        {"make a map in the kernel", false,
         [](const World&) {
           struct {
             unsigned type = 2, key = 4, value = 4, most = 1;
             char rest[100] = {};
           } attributes;
           return calls(SYS_bpf, 0, &attributes, sizeof attributes);
         }},
        {"count events", false,
         [](const World&) {
           char attributes[128] = {};
           attributes[0] = 1;  // of software
           attributes[4] = static_cast<char>(sizeof attributes);
           return calls(SYS_perf_event_open, attributes, 0, -1, -1, 0);
         }},
        {"handle page faults", false, [](const World&) { return calls(SYS_userfaultfd, 1); }},
        {"load another kernel", false,
         [](const World&) { return calls(SYS_kexec_load, 0, 0, nullptr, 0) || errno != EPERM; }},
        {"load another kernel from a file", false,
         [](const World&) { return calls(SYS_kexec_file_load, -1, -1, 0, nullptr, 0) || errno != EPERM; }},
        {"load a module", false, [](const World&) { return calls(SYS_init_module, nullptr, 0, "") || errno != EPERM; }},
        {"load a module from a file", false,
         [](const World&) { return calls(SYS_finit_module, -1, "", 0) || errno != EPERM; }},
        {"unload a module", false,
         [](const World&) { return calls(SYS_delete_module, "facet_canary", 0) || errno != EPERM; }},
        // With wrong magic numbers: who may do it hears of them.
        {"start the machine again", false,
         [](const World&) { return calls(SYS_reboot, 0, 0, 0, 0) || errno != EPERM; }},
        {"use a swap file", false,
         [](const World& w) { return calls(SYS_swapon, w.work.c_str(), 0) || errno != EPERM; }},
        {"name the machine", false, [](const World&) { return sethostname("facet-canary", 12) == 0; }},
        {"name the domain", false, [](const World&) { return setdomainname("facet-canary", 12) == 0; }},
        {"set the clock", false,
         [](const World&) {
           timespec now{};
           clock_gettime(CLOCK_REALTIME, &now);
           return clock_settime(CLOCK_REALTIME, &now) == 0;
         }},
        {"set the time of day", false,
         [](const World&) {
           timeval now{};
           gettimeofday(&now, nullptr);
           return settimeofday(&now, nullptr) == 0;
         }},
        {"adjust the clock", false,
         [](const World&) {
           timex change{};
           change.modes = ADJ_TICK;
           change.tick = 10000;
           return adjtimex(&change) >= 0;
         }},
        {"read the kernel's messages", false,
         [](const World&) {
           char text[64];
           return calls(SYS_syslog, 3, text, sizeof text);
         }},
        {"keep accounts", false,
         [](const World& w) { return calls(SYS_acct, (w.work + "/mine").c_str()) || errno != EPERM; }},
        {"ask for quotas", false, [](const World&) { return calls(SYS_quotactl, 0x800001 << 8, nullptr, 0, nullptr); }},
        {"hang up the terminal", false, [](const World&) { return calls(SYS_vhangup); }},
        {"change how programs are run", false, [](const World&) { return calls(SYS_personality, 0x0400000); }},
        {"name a file by its handle", false,
         [](const World& w) {
           struct {
             unsigned bytes = 64;
             int type = 0;
             char rest[64] = {};
           } handle;
           int mount = 0;
           return calls(SYS_name_to_handle_at, AT_FDCWD, w.outside.c_str(), &handle, &mount, 0);
         }},
        {"open a file by its handle", false,
         [](const World&) {
           struct {
             unsigned bytes = 8;
             int type = 1;
             unsigned inode = 2, generation = 0;
             char rest[64] = {};
           } handle;
           return calls(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY) || errno != EPERM;
         }},
        {"watch everybody's files", false, [](const World&) { return calls(SYS_fanotify_init, 0, O_RDONLY); }},
        {"watch files without rights", false, [](const World&) { return calls(SYS_fanotify_init, 0x200, O_RDONLY); }},
        {"type into the terminal", false, [](const World&) { return pushes("/dev/tty"); }},
        {"type into the input", false, [](const World&) { return pushes(nullptr); }},
        {"type into the console", false, [](const World&) { return pushes("/dev/console"); }},
        {"type into a terminal of one's own", false,
         [](const World&) {
           const int terminal = open("/dev/ptmx", O_RDWR | O_CLOEXEC | O_NOCTTY);
           char letter = 'x';
           return terminal >= 0 && ioctl(terminal, TIOCSTI, &letter) == 0;
         }},
        {"paste into the console", false,
         [](const World&) {
           const int terminal = open("/dev/ptmx", O_RDWR | O_CLOEXEC | O_NOCTTY);
           char paste[8] = {3};
           return terminal >= 0 && ioctl(terminal, 0x541C, paste) == 0;
         }},
#if defined(__x86_64__)
        {"make calls as 32 bit programs do", false, [](const World&) { return by_interrupt(20) > 0; }},
        {"make calls by the numbers of x32", false, [](const World&) { return calls(SYS_getpid | 0x40000000); }},
        {"use ports", false, [](const World&) { return calls(SYS_iopl, 3) || calls(SYS_ioperm, 0x80, 1, 1); }},
        {"change segments", false,
         [](const World&) {
           char table[64];
           return calls(SYS_modify_ldt, 0, table, sizeof table);
         }},
#endif
        {"calls that do not exist yet", false, [](const World&) {
           for (long number = 451; number < 600; ++number)
             if (syscall(number, -1, -1, -1, -1, -1, -1) >= 0 || errno != ENOSYS) return true;
           return false;
         }},
  };
}

std::vector<Attempt> device_attempts() {
  std::vector<Attempt> attempts;
  // Devices that would give or take something; those that this machine lacks are no success.
  static const char* const kDevices[] = {"/dev/mem",
                                         "/dev/kmem",
                                         "/dev/port",
                                         "/dev/kmsg",
                                         "/dev/console",
                                         "/dev/vda",
                                         "/dev/vda1",
                                         "/dev/sda",
                                         "/dev/nvme0n1",
                                         "/dev/loop0",
                                         "/dev/loop-control",
                                         "/dev/fuse",
                                         "/dev/kvm",
                                         "/dev/vhost-net",
                                         "/dev/net/tun",
                                         "/dev/vsock",
                                         "/dev/input/event0",
                                         "/dev/input/mice",
                                         "/dev/uinput",
                                         "/dev/hidraw0",
                                         "/dev/snd/controlC0",
                                         "/dev/snd/timer",
                                         "/dev/dri/card0",
                                         "/dev/dri/renderD128",
                                         "/dev/fb0",
                                         "/dev/video0",
                                         "/dev/tty0",
                                         "/dev/tty1",
                                         "/dev/vcs1",
                                         "/dev/rtc0",
                                         "/dev/watchdog",
                                         "/dev/mapper/control",
                                         "/dev/btrfs-control",
                                         "/dev/autofs",
                                         "/dev/cpu_dma_latency",
                                         "/dev/hpet",
                                         "/dev/nvram",
                                         "/dev/snapshot",
                                         "/dev/userfaultfd",
                                         "/dev/tpm0",
                                         "/dev/nvidia0",
                                         "/dev/nvidiactl",
                                         "/dev/bus/usb/001/001",
                                         "/dev/ttyS0",
                                         "/dev/hwrng",
                                         "/dev/mcelog",
                                         "/dev/log"};
  for (const char* device : kDevices)
    attempts.push_back({device, false, [device](const World&) {
                          return open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) >= 0;
                        }});
  // What changes the system when it is written. Opening it for writing is enough of a success.
  static const char* const kControls[] = {"/proc/sys/kernel/core_pattern",
                                          "/proc/sys/kernel/modprobe",
                                          "/proc/sys/kernel/hostname",
                                          "/proc/sys/kernel/pid_max",
                                          "/proc/sys/kernel/sysrq",
                                          "/proc/sys/kernel/randomize_va_space",
                                          "/proc/sys/kernel/yama/ptrace_scope",
                                          "/proc/sys/vm/drop_caches",
                                          "/proc/sys/vm/overcommit_memory",
                                          "/proc/sys/vm/panic_on_oom",
                                          "/proc/sys/fs/protected_symlinks",
                                          "/proc/sys/fs/suid_dumpable",
                                          "/proc/sys/fs/binfmt_misc/register",
                                          "/proc/sys/net/ipv4/ip_forward",
                                          "/proc/sys/user/max_user_namespaces",
                                          "/proc/sysrq-trigger",
                                          "/proc/bus/pci/devices",
                                          "/proc/irq/default_smp_affinity",
                                          "/proc/mtrr",
                                          "/proc/acpi/wakeup",
                                          "/proc/1/oom_score_adj",
                                          "/proc/1/comm",
                                          "/proc/1/attr/current",
                                          "/proc/1/mem",
                                          "/proc/self/oom_score_adj",
                                          "/proc/self/uid_map",
                                          "/proc/self/setgroups",
                                          "/sys/kernel/uevent_helper",
                                          "/sys/power/state",
                                          "/sys/kernel/mm/transparent_hugepage/enabled",
                                          "/sys/module/kernel/parameters/consoleblank",
                                          "/sys/fs/cgroup/cgroup.procs",
                                          "/sys/fs/cgroup/pids/cgroup.procs",
                                          "/sys/fs/cgroup/memory/cgroup.procs",
                                          "/sys/fs/cgroup/memory/release_agent",
                                          "/sys/fs/cgroup/unified/cgroup.procs",
                                          "/sys/fs/cgroup/devices/devices.allow",
                                          "/sys/kernel/debug/sched/features",
                                          "/sys/kernel/tracing/trace_marker",
                                          "/sys/kernel/security/lockdown",
                                          "/sys/block/vda/queue/scheduler",
                                          "/sys/devices/system/cpu/cpu1/online"};
  for (const char* control : kControls)
    attempts.push_back(
        {control, false, [control](const World&) { return open(control, O_WRONLY | O_CLOEXEC | O_NONBLOCK) >= 0; }});
  return attempts;
}

}  // namespace facet::tools::attempts
