#include "tools/sandbox/program/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/sandbox/program/failure.h"
#include "tools/sandbox/program/landlock.h"
#include "tools/sandbox/program/limits.h"
#include "tools/sandbox/program/process_tree.h"
#include "tools/sandbox/program/system_calls.h"

namespace facet::tools::sandbox {
namespace {

// Outside a namespace all processes of the system are looked at.
constexpr int look_every_ms(Reach reach) {
  return reach == Reach::Namespace ? 20 : 100;
}

std::vector<char*> pointers_to(std::vector<std::string> words) {
  static std::vector<std::vector<std::string>> kept;
  std::vector<std::string>& texts = kept.emplace_back(std::move(words));
  std::vector<char*> pointers;
  for (std::string& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void become_command(const WallPlan& plan, std::uint64_t used_processes) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  fcntl(kReportDescriptor, F_SETFD, FD_CLOEXEC);
  if (chdir(plan.folder.c_str()) != 0) give_up(plan.folder);
  limit_resources(plan.limits, used_processes);
  drop_privileges();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up("an end with Facet");
  if (plan.wall != Wall::None) {
    restrict_files(plan);
    forbid_system_calls(plan);
  }
  const std::vector<char*> arguments = pointers_to(plan.arguments);
  const std::vector<char*> environment = pointers_to(plan.environment);
  execve(arguments[0], arguments.data(), environment.data());
  give_up(plan.arguments[0]);
}

void kill_all(Reach reach) {
  // In a namespace the kernel does it when its first process ends.
  if (reach == Reach::Namespace) return;
  // Until nobody is left, for they may start others meanwhile. None can refuse.
  for (std::vector<pid_t> left = processes_in(reach); !left.empty(); left = processes_in(reach)) {
    for (const pid_t process : left)
      kill(process, SIGKILL);
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
}

Report report_of(int status) {
  if (WIFSIGNALED(status)) return {Report::Kind::Signalled, WTERMSIG(status), {}};
  return {Report::Kind::Exited, WEXITSTATUS(status), {}};
}

// Takes leave of processes that have ended; the report when the command is among them.
std::optional<Report> reap(pid_t command) {
  std::optional<Report> ended;
  int status = 0;
  for (pid_t child = waitpid(-1, &status, WNOHANG); child > 0; child = waitpid(-1, &status, WNOHANG))
    if (child == command) ended = report_of(status);
  return ended;
}

// What may not be used up of a disk.
class Disk {
 public:
  Disk(std::string folder, std::uint64_t wanted_bytes) : folder_(std::move(folder)) {
    struct statvfs disk {};
    if (statvfs(folder_.c_str(), &disk) != 0) return;
    least_bytes_ = free_bytes(disk) > wanted_bytes ? wanted_bytes : free_bytes(disk) / 2;
    least_files_ = disk.f_favail / 2;
  }

  bool is_filled() const {
    struct statvfs disk {};
    return statvfs(folder_.c_str(), &disk) == 0 && (free_bytes(disk) < least_bytes_ || disk.f_favail < least_files_);
  }

 private:
  static std::uint64_t free_bytes(const struct statvfs& disk) { return std::uint64_t{disk.f_bavail} * disk.f_frsize; }

  std::string folder_;
  std::uint64_t least_bytes_ = 0;
  std::uint64_t least_files_ = 0;
};

std::vector<Disk> disks_of(const WallPlan& plan) {
  std::vector<Disk> disks;
  for (const Place& place : plan.places)
    if (place.kind == PlaceKind::Writable) disks.emplace_back(place.path, plan.limits.free_bytes);
  return disks;
}

std::optional<Report> excess(const Limits& limits, const std::vector<Disk>& disks, Reach reach) {
  const std::vector<pid_t> processes = processes_in(reach);
  if (processes.size() > limits.processes) return Report{Report::Kind::TooManyProcesses, 0, {}};
  if (memory_of(processes, limits.memory_bytes) > limits.memory_bytes) return Report{Report::Kind::OutOfMemory, 0, {}};
  if (std::any_of(disks.begin(), disks.end(), [](const Disk& disk) { return disk.is_filled(); }))
    return Report{Report::Kind::DiskFilled, 0, {}};
  return std::nullopt;
}

// Facet has closed its side of the report, or has ended.
bool is_told_to_stop(const pollfd& facet, int signals) {
  if (facet.revents != 0) return true;
  signalfd_siginfo signal{};
  bool is_told = false;
  while (read(signals, &signal, sizeof signal) == sizeof signal)
    is_told = is_told || signal.ssi_signo == SIGTERM;
  return is_told;
}

Report watch(pid_t command, const WallPlan& plan, const std::vector<Disk>& disks, Reach reach, int signals) {
  const int interval_ms = look_every_ms(reach);
  timespec last{};
  clock_gettime(CLOCK_MONOTONIC, &last);
  for (;;) {
    pollfd waits[] = {{kReportDescriptor, POLLIN, 0}, {signals, POLLIN, 0}};
    poll(waits, 2, interval_ms);
    if (is_told_to_stop(waits[0], signals)) return {Report::Kind::Signalled, SIGKILL, {}};
    if (const auto ended = reap(command)) return *ended;
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    // Children that come and go may not keep it from looking, nor keep it looking all the time.
    const long passed = (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1'000'000;
    if (passed < interval_ms) continue;
    last = now;
    if (const auto too_much = excess(plan.limits, disks, reach)) return *too_much;
  }
}

}  // namespace

void keep(const WallPlan& plan) {
  const bool has_namespace = plan.wall == Wall::Bubblewrap || plan.wall == Wall::Namespaces;
  const Reach reach = has_namespace ? Reach::Namespace : Reach::Descendants;
  if (!has_namespace && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) give_up("being the parent of all");
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  sigaddset(&awaited, SIGTERM);
  sigprocmask(SIG_BLOCK, &awaited, nullptr);
  const std::uint64_t used_processes = has_namespace ? 2 : count_of_own_tasks();

  const std::vector<Disk> disks = disks_of(plan);
  const pid_t command = fork();
  if (command < 0) give_up("a process for the command");
  if (command == 0) become_command(plan, used_processes);
  // The command's output ends when its processes end.
  close(STDOUT_FILENO);
  close(STDERR_FILENO);
  // It must see them in time, however many there are; a user may not raise it.
  setpriority(PRIO_PROCESS, 0, -20);
  drop_privileges();
  // Its memory and descriptors are nobody's business.
  if (prctl(PR_SET_DUMPABLE, 0) != 0) give_up("being out of reach");

  const int signals = signalfd(-1, &awaited, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signals < 0) give_up("watching");
  const Report report = watch(command, plan, disks, reach, signals);
  kill_all(reach);
  send(report);
  _exit(0);
}

}  // namespace facet::tools::sandbox
