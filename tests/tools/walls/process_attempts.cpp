#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "tests/tools/walls/attempts.h"

namespace facet::tools::attempts {
namespace {

std::string of(pid_t process, const char* file) {
  return "/proc/" + std::to_string(process) + "/" + file;
}

bool opens(const std::string& path, int flags) {
  return open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) >= 0;
}

bool has_capabilities() {
  struct {
    unsigned version = 0x20080522;
    int process = 0;
  } header;
  unsigned data[6] = {};
  return syscall(SYS_capget, &header, data) == 0 && (data[0] | data[1] | data[3] | data[4]) != 0;
}

}  // namespace

std::vector<Attempt> process_attempts() {
  return {
      {"trace a process", true,
       [](const World& w) {
         return ptrace(PTRACE_ATTACH, w.victim, nullptr, nullptr) == 0 &&
                ptrace(PTRACE_DETACH, w.victim, nullptr, nullptr) == 0;
       }},
      {"seize a process", true, [](const World& w) { return ptrace(PTRACE_SEIZE, w.victim, nullptr, nullptr) == 0; }},
      {"trace the keeper", false, [](const World& w) { return ptrace(PTRACE_SEIZE, w.keeper, nullptr, nullptr) == 0; }},
      {"read a process's memory", true,
       [](const World& w) {
         char byte = 0;
         iovec here{&byte, 1};
         iovec there{reinterpret_cast<void*>(0x400000), 1};
         return process_vm_readv(w.victim, &here, 1, &there, 1, 0) == 1 || (errno == EFAULT);
       }},
      {"write a process's memory", false,
       [](const World& w) {
         char byte = 0;
         iovec here{&byte, 1};
         iovec there{reinterpret_cast<void*>(0x400000), 1};
         return process_vm_writev(w.victim, &here, 1, &there, 1, 0) == 1 || (errno == EFAULT);
       }},
      {"open a process's memory", true, [](const World& w) { return opens(of(w.victim, "mem"), O_RDWR); }},
      {"open the keeper's memory", false, [](const World& w) { return opens(of(w.keeper, "mem"), O_RDWR); }},
      {"open the first process's memory", false, [](const World&) { return opens(of(1, "mem"), O_RDONLY); }},
      {"see a process's map", true, [](const World& w) { return !text_of(of(w.victim, "maps")).empty(); }},
      {"open a process's descriptor", true, [](const World& w) { return opens(of(w.victim, "fd/1"), O_RDONLY); }},
      {"open the keeper's descriptor", false, [](const World& w) { return opens(of(w.keeper, "fd/4"), O_WRONLY); }},
      {"see a process's words", true, [](const World& w) { return !text_of(of(w.victim, "cmdline")).empty(); }},
      {"change how a process counts when memory ends", false,
       [](const World& w) { return write_to(of(w.victim, "oom_score_adj"), 0); }},
      {"signal a process", true, [](const World& w) { return kill(w.victim, SIGCONT) == 0; }},
      {"ask whether a process is there", true, [](const World& w) { return kill(w.victim, 0) == 0; }},
      {"signal a process's group", false, [](const World& w) { return kill(-w.victim, SIGTERM) == 0; }},
      {"signal a process's thread", true,
       [](const World& w) { return syscall(SYS_tgkill, w.victim, w.victim, SIGCONT) == 0; }},
      {"send a process a value", true,
       [](const World& w) {
         sigval value{};
         return sigqueue(w.victim, SIGCONT, value) == 0;
       }},
      {"signal a process by its handle", true,
       [](const World& w) {
         const long handle = syscall(SYS_pidfd_open, w.victim, 0);
         return handle >= 0 && syscall(SYS_pidfd_send_signal, handle, SIGCONT, nullptr, 0) == 0;
       }},
      {"take a process's descriptor", false,
       [](const World& w) {
         const long handle = syscall(SYS_pidfd_open, w.victim, 0);
         return handle >= 0 && syscall(SYS_pidfd_getfd, handle, 1, 0) >= 0;
       }},
      {"end the keeper", false,
       [](const World& w) {
         const bool was_allowed = kill(w.keeper, SIGKILL) == 0;
         usleep(50'000);
         // The kernel takes such a signal to the first process of a namespace, and does nothing.
         return was_allowed && (w.keeper != 1 || kill(w.keeper, 0) != 0);
       }},
      {"tell the keeper to stop", false, [](const World& w) { return w.keeper != 1 && kill(w.keeper, SIGSTOP) == 0; }},
      {"stop a process", true,
       [](const World& w) {
         const bool is_stopped = kill(w.victim, SIGSTOP) == 0;
         kill(w.victim, SIGCONT);
         return is_stopped;
       }},
      {"send a signal by a pipe", false,
       [](const World& w) {
         int ends[2];
         if (pipe(ends) != 0 || fcntl(ends[0], F_SETOWN, w.victim) != 0) return false;
         fcntl(ends[0], F_SETSIG, SIGKILL);
         fcntl(ends[0], F_SETFL, O_ASYNC);
         // Whether it arrives is seen outside.
         (void)!write(ends[1], "x", 1);
         return false;
       }},
      {"change a process's limits", true,
       [](const World& w) {
         const rlimit none{0, RLIM_INFINITY};
         return prlimit(w.victim, RLIMIT_CORE, &none, nullptr) == 0;
       }},
      {"read a process's limits", true,
       [](const World& w) {
         rlimit now{};
         return prlimit(w.victim, RLIMIT_CORE, nullptr, &now) == 0;
       }},
      {"change a process's priority", true,
       [](const World& w) { return setpriority(PRIO_PROCESS, static_cast<id_t>(w.victim), 1) == 0; }},
      {"change the priority of all processes of the user", false,
       [](const World&) { return setpriority(PRIO_USER, getuid(), 1) == 0 && getpriority(PRIO_PROCESS, 0) != 1; }},
      {"change a process's processors", true,
       [](const World& w) {
         cpu_set_t set;
         CPU_ZERO(&set);
         CPU_SET(0, &set);
         return sched_setaffinity(w.victim, sizeof set, &set) == 0;
       }},
      {"change a process's scheduling", true,
       [](const World& w) {
         const sched_param parameters{};
         return sched_setscheduler(w.victim, SCHED_BATCH, &parameters) == 0;
       }},
      {"change a process's reading and writing", true,
       [](const World& w) { return syscall(SYS_ioprio_set, 1, w.victim, 3 << 13) == 0; }},
      {"compare descriptors with a process", true,
       [](const World& w) { return syscall(SYS_kcmp, getpid(), w.victim, 0, 0, 0) >= 0; }},
      {"move a process's memory", true,
       [](const World& w) { return syscall(SYS_move_pages, w.victim, 0, nullptr, nullptr, nullptr, 0) == 0; }},
      {"migrate a process's memory", false,
       [](const World& w) {
         unsigned long node = 1;
         return syscall(SYS_migrate_pages, w.victim, 8, &node, &node) >= 0;
       }},
      {"advise a process's memory", false,
       [](const World& w) {
         const long handle = syscall(SYS_pidfd_open, w.victim, 0);
         iovec there{reinterpret_cast<void*>(0x400000), 4096};
         return handle >= 0 && syscall(SYS_process_madvise, handle, &there, 1, MADV_COLD, 0) >= 0;
       }},
      {"read shared memory of others", true,
       [](const World& w) {
         const int segment = shmget(w.shared_memory, 0, 0);
         return segment >= 0 && shmat(segment, nullptr, SHM_RDONLY) != reinterpret_cast<void*>(-1);
       }},
      {"put a message into a queue of others", true,
       [](const World& w) {
         const int queue = msgget(w.message_queue, 0);
         const struct {
           long type = 1;
           char text = 'x';
         } message;
         return queue >= 0 && msgsnd(queue, &message, 1, IPC_NOWAIT) == 0;
       }},
      {"use a semaphore of others", true, [](const World& w) { return semget(w.message_queue, 1, 0) >= 0; }},
      {"make a semaphore that others see", false,
       [](const World& w) {
         // In a namespace of its own it is nobody's; outside the test looks for it.
         semget(w.message_queue + 1, 1, IPC_CREAT | 0600);
         return false;
       }},
      {"make shared memory that no limit holds", false,
       [](const World&) { return shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) >= 0; }},
      {"a queue of messages of others", false,
       [](const World& w) {
         return syscall(SYS_mq_open, ("facet-" + w.abstract_name).c_str(), O_RDWR, 0, nullptr) >= 0;
       }},
      {"keep a descriptor of Facet", false,
       [](const World&) {
         for (int i = 3; i < 4096; ++i)
           if (fcntl(i, F_GETFD) >= 0) return true;
         return false;
       }},
      {"have a terminal", false, [](const World&) { return opens("/dev/tty", O_RDWR); }},
      {"have capabilities", false, [](const World&) { return has_capabilities(); }},
      {"get capabilities by a program of root", false,
       [](const World&) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1; }},
      {"raise a capability", false,
       [](const World&) { return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0) == 0; }},
      {"become another user", false, [](const World&) { return setresuid(1, 1, 1) == 0 || setresgid(1, 1, 1) == 0; }},
      {"become root", false, [](const World&) { return getuid() != 0 && setuid(0) == 0; }},
      {"join groups", false,
       [](const World&) {
         const gid_t groups[] = {0, 4, 27};
         return syscall(SYS_setgroups, 3, groups) == 0;
       }},
      {"become root by a program", false,
       [](const World&) {
         const pid_t child = fork();
         if (child == 0) {
           execl("/usr/bin/su", "su", "-c", "exit 42", nullptr);
           _exit(1);
         }
         int status = 0;
         waitpid(child, &status, 0);
         return getuid() != 0 && WIFEXITED(status) && WEXITSTATUS(status) == 42;
       }},
      {"raise a limit", false,
       [](const World&) {
         const rlimit more{1 << 20, 1 << 20};
         return setrlimit(RLIMIT_NPROC, &more) == 0;
       }},
      {"be of a higher priority", false,
       [](const World&) { return nice(-5) != -1 && getpriority(PRIO_PROCESS, 0) < 0; }},
      {"be scheduled before all", false,
       [](const World&) {
         const sched_param parameters{1};
         return sched_setscheduler(0, SCHED_FIFO, &parameters) == 0;
       }},
      {"leave the filter of system calls", false,
       [](const World&) { return prctl(PR_SET_SECCOMP, 0, 0, 0, 0) == 0 || prctl(PR_GET_SECCOMP) != 2; }},
      {"memory that is a file", false, [](const World&) { return syscall(SYS_memfd_create, "x", 0) >= 0; }},
      {"memory that is a secret", false, [](const World&) { return syscall(SYS_memfd_secret, 0) >= 0; }},
  };
}

}  // namespace facet::tools::attempts
