#include "tools/media/decoder_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "tools/media/media_failure.h"

namespace facet::tools::media {
namespace {

using std::chrono::milliseconds;

// Fewer and longer reads for pictures and sound.
constexpr int kPipeBytes = 1 << 20;
// Above every number that the program gets its descriptors under, so that none is closed by giving it another.
constexpr int kLowestOwn = 16;

Error not_started(const std::string& name, const std::filesystem::path& program, int reason) {
  return {Error::Code::Io, "The program that decodes " + in_quotes(name) + ", " + in_quotes(program.string()) +
                               ", can not be started: " + std::strerror(reason) + "; install Facet again."};
}

struct Pipe {
  Descriptor reading;
  Descriptor writing;
};

Result<Pipe> open_pipe(const std::string& name) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return Error{Error::Code::Io,
                 "There is no pipe for decoding " + in_quotes(name) + ": " + std::strerror(errno) + "."};
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  fcntl(pipe.reading.number(), F_SETPIPE_SZ, kPipeBytes);
  return pipe;
}

Descriptor raised(const Descriptor& descriptor) {
  return Descriptor(fcntl(descriptor.number(), F_DUPFD_CLOEXEC, kLowestOwn));
}

// What the program gets to see: the file, its pipe, and nothing where standard input and outputs are.
class SpawnActions {
 public:
  SpawnActions(int file, int answers) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, file, kFileDescriptor);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, answers, kAnswerDescriptor);
  }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// Signals as a program expects them, whatever the thread that starts it has blocked or ignores.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    posix_spawnattr_init(&attributes_);
    sigset_t set;
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes_, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes_, &set);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

bool is_known(std::uint32_t kind) {
  return kind >= static_cast<std::uint32_t>(MessageKind::Facts) &&
         kind <= static_cast<std::uint32_t>(MessageKind::Failure);
}

}  // namespace

Result<std::unique_ptr<DecoderProcess>> DecoderProcess::start(const std::filesystem::path& program,
                                                              const MediaFile& file, const Job& job,
                                                              const MediaLimits& limits, std::stop_token stop) {
  std::unique_ptr<DecoderProcess> process(new DecoderProcess(file.name, limits, std::move(stop)));
  FACET_RETURN_IF_ERROR(process->spawn(program, file, job));
  return process;
}

DecoderProcess::DecoderProcess(std::string name, const MediaLimits& limits, std::stop_token stop)
    : name_(std::move(name)), limits_(limits), stop_(std::move(stop)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  on_stop_ = std::make_unique<StopCallback>(stop_, [wake = wake_.number()] { eventfd_write(wake, 1); });
}

DecoderProcess::~DecoderProcess() {
  on_stop_.reset();
  kill_and_wait();
}

Status DecoderProcess::spawn(const std::filesystem::path& program, const MediaFile& file, const Job& job) {
  FACET_ASSIGN_OR_RETURN(Pipe pipe, open_pipe(name_));
  const Descriptor own_file = raised(file.descriptor);
  const Descriptor own_end = raised(pipe.writing);
  if (!own_file.valid() || !own_end.valid() || !wake_.valid()) return not_started(name_, program, errno);
  std::array<std::string, 5> words = {program.string(), job.task, std::to_string(job.argument),
                                      std::to_string(limits_.memory_bytes), std::to_string(limits_.cpu_seconds)};
  std::array<char*, 6> arguments{};
  std::transform(words.begin(), words.end(), arguments.begin(), [](std::string& word) { return word.data(); });
  // Of the environment only where libraries are, for an installation that brings its own.
  std::string libraries;
  if (const char* path = std::getenv("LD_LIBRARY_PATH")) libraries = std::string("LD_LIBRARY_PATH=") + path;
  std::array<char*, 2> environment = {libraries.empty() ? nullptr : libraries.data(), nullptr};

  const SpawnActions actions(own_file.number(), own_end.number());
  const SpawnAttributes attributes;
  const int failure =
      posix_spawn(&process_, words[0].c_str(), actions.get(), attributes.get(), arguments.data(), environment.data());
  if (failure != 0) {
    process_ = -1;
    return not_started(name_, program, failure);
  }
  answers_ = std::move(pipe.reading);
  return {};
}

Result<Message> DecoderProcess::next() {
  MessageHeader header;
  FACET_RETURN_IF_ERROR(read(std::as_writable_bytes(std::span(&header, 1))));
  if (!is_known(header.kind) || header.bytes > kMostMessageBytes) return nonsense();
  buffer_.resize(header.bytes);
  FACET_RETURN_IF_ERROR(read(buffer_));
  const Message message{static_cast<MessageKind>(header.kind), buffer_};
  if (message.kind != MessageKind::Failure) return message;
  const auto failure = message.as<FailureMessage>();
  kill_and_wait();
  return failure ? failed(name_, *failure) : ended(name_, Ending::Nonsense);
}

Status DecoderProcess::read(std::span<std::byte> to) {
  while (!to.empty()) {
    FACET_RETURN_IF_ERROR(wait());
    const ssize_t got = ::read(answers_.number(), to.data(), to.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return how_it_ended();
    to = to.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Status DecoderProcess::wait() {
  // A program that has been ended says nothing more.
  if (process_ < 0) return ended(name_, Ending::Nonsense);
  const auto begin = Clock::now();
  const auto most = std::min<Clock::duration>(limits_.silence, limits_.patience - waited_);
  std::array<pollfd, 2> waits = {pollfd{answers_.number(), POLLIN, 0}, pollfd{wake_.number(), POLLIN, 0}};
  int ready = 0;
  do {
    const auto left = std::chrono::ceil<milliseconds>(most - (Clock::now() - begin)).count();
    ready = poll(waits.data(), waits.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
  } while (ready < 0 && errno == EINTR);
  waited_ += Clock::now() - begin;
  if (stop_.stop_requested()) return killed(Ending::Stopped);
  return ready > 0 ? Status() : killed(Ending::TookTooLong);
}

Error DecoderProcess::killed(Ending ending) {
  kill_and_wait();
  return ended(name_, ending);
}

Error DecoderProcess::nonsense() {
  return killed(Ending::Nonsense);
}

// The pipe is closed without a last message.
Error DecoderProcess::how_it_ended() {
  int status = 0;
  pid_t waited = 0;
  // Closing the pipe and ending are moments apart for an honest program; another one is not waited for.
  for (int i = 0; i < 200 && waited == 0; ++i) {
    waited = waitpid(process_, &status, WNOHANG);
    if (waited == 0) usleep(10'000);
  }
  if (waited != process_) return nonsense();
  process_ = -1;
  if (!WIFSIGNALED(status)) return ended(name_, Ending::Nonsense);
  switch (WTERMSIG(status)) {
    case SIGXCPU:
      return ended(name_, Ending::TookTooLong);
    case SIGKILL:
      return ended(name_, Ending::WasKilled);
    default:
      return ended(name_, Ending::Crashed);
  }
}

void DecoderProcess::kill_and_wait() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

}  // namespace facet::tools::media
