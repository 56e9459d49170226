#include "tools/sandbox/program/namespaces.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tools/sandbox/program/failure.h"

namespace facet::tools::sandbox {
namespace {

void write_file(const char* path, const std::string& text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) give_up(path);
  close(file);
}

// The user keeps the own number, and has no other.
void map_user(uid_t user, gid_t group) {
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", std::to_string(user) + " " + std::to_string(user) + " 1");
  write_file("/proc/self/gid_map", std::to_string(group) + " " + std::to_string(group) + " 1");
}

void raise_loopback() {
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  if (any < 0 || ioctl(any, SIOCGIFFLAGS, &request) != 0) give_up("the loopback device");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (ioctl(any, SIOCSIFFLAGS, &request) != 0) give_up("the loopback device");
  close(any);
}

[[noreturn]] void wait_for(pid_t child) {
  // The command's output ends when the processes inside end.
  close(STDOUT_FILENO);
  close(STDERR_FILENO);
  close(kReportDescriptor);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

}  // namespace

void enter_namespaces(const WallPlan& plan) {
  const uid_t user = getuid();
  const gid_t group = getgid();
  const int kinds = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
                    (plan.network ? 0 : CLONE_NEWNET);
  if (unshare(kinds) != 0) give_up("namespaces of its own");
  map_user(user, group);
  if (!plan.network) raise_loopback();
  // Entering a user namespace takes this back.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up("an end with Facet");

  int alive[2];
  if (pipe2(alive, O_CLOEXEC) != 0) give_up("a pipe");
  const pid_t child = fork();
  if (child < 0) give_up("a process in the namespaces");
  if (child > 0) {
    close(alive[0]);
    wait_for(child);
  }
  close(alive[1]);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up("an end with Facet");
  // Had it ended before that, its end of the pipe would be closed.
  pollfd ended{alive[0], 0, 0};
  if (poll(&ended, 1, 0) != 0) _exit(1);
}

void limit_process_numbers(std::uint64_t processes) {
  utsname system{};
  int major = 0;
  int minor = 0;
  // On older kernels this is the number of the whole machine.
  if (uname(&system) != 0 || std::sscanf(system.release, "%d.%d", &major, &minor) != 2) return;
  if (major < 6 || (major == 6 && minor < 14)) return;
  constexpr std::uint64_t kLeast = 301;  // the kernel takes none below
  write_file("/proc/sys/kernel/pid_max", std::to_string(std::max(processes + 2, kLeast)));
}

}  // namespace facet::tools::sandbox
