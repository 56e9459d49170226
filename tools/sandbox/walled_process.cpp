#include "tools/sandbox/walled_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "tools/sandbox/bubblewrap.h"

namespace facet::tools::sandbox {
namespace {

using std::chrono::milliseconds;

// Above every number that the program gets its descriptors under, so that none is closed by giving it another.
constexpr int kLowestOwn = 16;
// For ending the processes of a command that nobody but the program can find.
constexpr milliseconds kEndingPatience{3000};

Error failed(const std::string& what) {
  return {Error::Code::Io, what + ": " + std::strerror(errno)};
}

struct Pipe {
  Descriptor reading;
  Descriptor writing;  // where the program's own descriptors do not lie
};

Result<Pipe> open_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return failed("There is no pipe for the command");
  Pipe pipe{Descriptor(ends[0]), {}};
  const Descriptor low(ends[1]);
  pipe.writing = Descriptor(fcntl(low.number(), F_DUPFD_CLOEXEC, kLowestOwn));
  if (!pipe.writing.valid()) return failed("There is no pipe for the command");
  return pipe;
}

// A pair of sockets is like a pipe, and the other side hears when this one is closed for writing.
Result<Pipe> open_report() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return failed("There is no socket for the command");
  Pipe pipe{Descriptor(ends[0]), {}};
  const Descriptor low(ends[1]);
  pipe.writing = Descriptor(fcntl(low.number(), F_DUPFD_CLOEXEC, kLowestOwn));
  if (!pipe.writing.valid()) return failed("There is no socket for the command");
  return pipe;
}

Result<Descriptor> file_of(const std::string& text) {
  const Descriptor low(static_cast<int>(syscall(SYS_memfd_create, "plan", 1U /* MFD_CLOEXEC */)));
  Descriptor file(fcntl(low.number(), F_DUPFD_CLOEXEC, kLowestOwn));
  if (!file.valid() || pwrite(file.number(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return failed("There is no memory for the command's walls");
  return file;
}

class SpawnActions {
 public:
  SpawnActions(int plan, int output, int report) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, plan, kPlanDescriptor);
    posix_spawn_file_actions_adddup2(&actions_, report, kReportDescriptor);
  }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// Signals as a program expects them, whatever the thread that starts it has blocked or ignores; a group of its own, so
// that keys of a terminal do not reach it.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    posix_spawnattr_init(&attributes_);
    sigset_t set;
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes_, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes_, &set);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

int left_until(std::chrono::steady_clock::time_point end) {
  const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
}

bool is_readable(int descriptor, int timeout_ms) {
  pollfd wait{descriptor, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&wait, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

Result<std::unique_ptr<WalledProcess>> WalledProcess::start(const std::filesystem::path& program, const WallPlan& plan,
                                                            std::stop_token stop) {
  std::unique_ptr<WalledProcess> process(new WalledProcess(plan.wall, std::move(stop)));
  FACET_RETURN_IF_ERROR(process->spawn(program, plan));
  return process;
}

WalledProcess::WalledProcess(Wall wall, std::stop_token stop)
    : wall_(wall), stop_(std::move(stop)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  on_stop_ = std::make_unique<StopCallback>(stop_, [wake = wake_.number()] { eventfd_write(wake, 1); });
}

WalledProcess::~WalledProcess() {
  on_stop_.reset();
  end();
}

Status WalledProcess::spawn(const std::filesystem::path& program, const WallPlan& plan) {
  FACET_ASSIGN_OR_RETURN(Pipe output, open_pipe());
  FACET_ASSIGN_OR_RETURN(Pipe report, open_report());
  FACET_ASSIGN_OR_RETURN(const Descriptor text, file_of(written(plan)));
  if (!wake_.valid()) return failed("There is no event for stopping the command");
  std::vector<std::string> words = {program.string()};
  if (wall_ == Wall::Bubblewrap) words = bubblewrap_words(bubblewrap_program(), program, plan);
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::array<char*, 1> environment = {nullptr};

  const SpawnActions actions(text.number(), output.writing.number(), report.writing.number());
  const SpawnAttributes attributes;
  const int failure =
      posix_spawn(&process_, arguments[0], actions.get(), attributes.get(), arguments.data(), environment.data());
  if (failure != 0) {
    process_ = -1;
    errno = failure;
    return failed("The program that runs commands, " + words[0] + ", can not be started; install Facet again");
  }
  output_ = std::move(output.reading);
  report_ = std::move(report.reading);
  handle_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, process_, 0)));
  if (!handle_.valid()) return failed("This system can not wait for a command");
  fcntl(output_.number(), F_SETFL, O_NONBLOCK);
  fcntl(report_.number(), F_SETFL, O_NONBLOCK);
  return {};
}

Result<Ending> WalledProcess::finish(milliseconds patience, const OnOutput& on_output) {
  const auto last = Clock::now() + patience;
  bool has_output = true;
  for (;;) {
    std::array<pollfd, 3> waits = {pollfd{wake_.number(), POLLIN, 0}, pollfd{handle_.number(), POLLIN, 0},
                                   pollfd{has_output ? output_.number() : -1, POLLIN, 0}};
    if (poll(waits.data(), waits.size(), left_until(last)) < 0 && errno != EINTR) break;
    const bool is_stopped = stop_.stop_requested();
    if (is_stopped || Clock::now() >= last) {
      end();
      drain(on_output);
      return Ending{is_stopped ? Ending::Kind::Stopped : Ending::Kind::TookTooLong, 0};
    }
    if (waits[2].revents != 0) has_output = pass_on(on_output);
    if (waits[1].revents != 0) break;
  }
  drain(on_output);
  end();
  return reported();
}

bool WalledProcess::pass_on(const OnOutput& on_output) {
  std::array<char, 65536> piece;
  const ssize_t length = read(output_.number(), piece.data(), piece.size());
  if (length > 0 && on_output) on_output(std::string_view(piece.data(), static_cast<std::size_t>(length)));
  return length > 0 || (length < 0 && (errno == EAGAIN || errno == EINTR));
}

// The pipe ends with the last process that has it, a moment after the first one.
void WalledProcess::drain(const OnOutput& on_output) {
  const auto last = Clock::now() + kEndingPatience;
  while (is_readable(output_.number(), left_until(last)) && pass_on(on_output)) {
  }
}

void WalledProcess::end() {
  if (process_ < 0) return;
  // Its first process leaves none behind, and only then ends.
  if (handle_.valid()) {
    shutdown(report_.number(), SHUT_WR);
    is_readable(handle_.number(), static_cast<int>(kEndingPatience.count()));
  }
  kill(process_, SIGKILL);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

Result<Ending> WalledProcess::reported() {
  std::array<char, 4096> text;
  const ssize_t length = read(report_.number(), text.data(), text.size());
  const auto report = length > 0 ? read_report({text.data(), static_cast<std::size_t>(length)}) : std::nullopt;
  if (!report) return Error{Error::Code::Denied, "its walls could not be built"};
  switch (report->kind) {
    case Report::Kind::Exited:
      return Ending{Ending::Kind::Exited, report->value};
    case Report::Kind::Signalled:
      return Ending{Ending::Kind::Signalled, report->value};
    case Report::Kind::OutOfMemory:
      return Ending{Ending::Kind::OutOfMemory, 0};
    case Report::Kind::TooManyProcesses:
      return Ending{Ending::Kind::TooManyProcesses, 0};
    case Report::Kind::DiskFilled:
      return Ending{Ending::Kind::DiskFilled, 0};
    case Report::Kind::NotConfined:
      return Error{Error::Code::Denied, report->text};
  }
  return Error{Error::Code::Denied, "its walls could not be built"};
}

}  // namespace facet::tools::sandbox
