#include "app/devices/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>

extern char** environ;

namespace facet::app::devices {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMostOutput = 64U << 10U;

Error not_started(const std::string& program, int reason) {
  return {Error::Code::Io, "'" + program + "' can not be started: " + std::strerror(reason) + "."};
}

// The reading end of a pipe whose other end the child prints to.
struct Started {
  pid_t process = 0;
  int output = -1;
};

Result<Started> start(const std::vector<std::string>& command) {
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) return not_started(command.front(), errno);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> words;
  for (const std::string& word : command)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  Started started;
  const int failure = posix_spawn(&started.process, words.front(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_ends[1]);
  started.output = pipe_ends[0];
  if (failure == 0) return started;
  close(started.output);
  return not_started(command.front(), failure);
}

// Until the child closes it. False at the deadline.
bool read_all(int from, Clock::time_point deadline, std::string& output) {
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wait{from, POLLIN, 0};
    const int ready = poll(&wait, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return true;
    if (ready <= 0) continue;
    char bytes[4096];
    const ssize_t count = read(from, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    if (output.size() < kMostOutput) output.append(bytes, static_cast<std::size_t>(count));
  }
}

std::optional<int> wait_until(pid_t process, Clock::time_point deadline) {
  while (true) {
    int status = 0;
    const pid_t ended = waitpid(process, &status, WNOHANG);
    if (ended == process) return status;
    if (ended < 0 && errno != EINTR) return std::nullopt;
    if (Clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(milliseconds(5));
  }
}

}  // namespace

Result<ChildEnd> run_child(const std::vector<std::string>& command, milliseconds deadline) {
  FACET_ASSIGN_OR_RETURN(const Started child, start(command));
  const auto end_of_patience = Clock::now() + deadline;
  ChildEnd end;
  std::optional<int> status;
  if (read_all(child.output, end_of_patience, end.output)) status = wait_until(child.process, end_of_patience);
  close(child.output);
  if (!status) {
    end.kind = ChildEnd::Kind::TimedOut;
    kill(child.process, SIGKILL);
    // One that hangs inside of a driver may not even be killed; it is not waited for.
    wait_until(child.process, Clock::now() + std::chrono::seconds(2));
  } else if (WIFSIGNALED(*status)) {
    end.kind = ChildEnd::Kind::Killed;
    end.number = WTERMSIG(*status);
  } else {
    end.number = WEXITSTATUS(*status);
  }
  return end;
}

}  // namespace facet::app::devices
