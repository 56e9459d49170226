#include "tools/code/outline_apart.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "tools/code/language_rules.h"

namespace facet::tools::code {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kLookMs = 20;                    // between two looks at the stop token
constexpr std::chrono::seconds kGraceTime{5};  // for what comes before and after the parser, which has its own limit

Json packed(const Result<Outline>& outline) {
  if (!outline.ok()) return {{"code", static_cast<int>(outline.error().code)}, {"message", outline.error().message}};
  Json symbols = Json::array();
  for (const Symbol& symbol : outline->symbols)
    symbols.push_back({static_cast<int>(symbol.kind), symbol.names, symbol.signature, symbol.lead_line,
                       symbol.first_line, symbol.last_line, symbol.depth, symbol.parent});
  return {{"symbols", std::move(symbols)}, {"error_line", outline->error_line}};
}

// Throws what the library throws when the bytes are something else.
Result<Outline> unpacked(const std::vector<std::uint8_t>& bytes) {
  const Json packet = Json::from_cbor(bytes);
  if (packet.contains("message"))
    return Error{static_cast<Error::Code>(packet.at("code").get<int>()), packet.at("message").get<std::string>()};
  Outline outline;
  outline.error_line = packet.at("error_line").get<std::int64_t>();
  for (const Json& row : packet.at("symbols")) {
    Symbol symbol;
    symbol.kind = static_cast<SymbolKind>(row.at(0).get<int>());
    symbol.names = row.at(1).get<std::vector<std::string>>();
    symbol.signature = row.at(2).get<std::string>();
    symbol.lead_line = row.at(3).get<std::int64_t>();
    symbol.first_line = row.at(4).get<std::int64_t>();
    symbol.last_line = row.at(5).get<std::int64_t>();
    symbol.depth = row.at(6).get<std::size_t>();
    symbol.parent = row.at(7).get<std::ptrdiff_t>();
    outline.symbols.push_back(std::move(symbol));
  }
  return outline;
}

bool write_all(int descriptor, const std::vector<std::uint8_t>& bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = ::write(descriptor, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    written += static_cast<std::size_t>(count);
  }
  return true;
}

[[noreturn]] void work(int descriptor, std::string_view text, const Grammar& grammar, std::chrono::microseconds time) {
  // Handlers of the program would take the end of this process for its own.
  for (const int number : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTERM, SIGPIPE})
    ::signal(number, SIG_DFL);
  bool done = false;
  try {
    done = write_all(descriptor, Json::to_cbor(packed(outline_of(text, grammar, {}, time))));
  } catch (...) {
  }
  ::_exit(done ? 0 : 1);
}

enum class End { Complete, Stopped, TooLong };

// Reads until the child closes its end.
End read_to_end(int descriptor, std::vector<std::uint8_t>& bytes, const std::stop_token& stop,
                Clock::time_point deadline) {
  std::array<std::uint8_t, 64 * 1024> block;
  for (;;) {
    if (stop.stop_requested()) return End::Stopped;
    if (Clock::now() > deadline) return End::TooLong;
    pollfd poll_descriptor = {descriptor, POLLIN, 0};
    if (::poll(&poll_descriptor, 1, kLookMs) <= 0) continue;
    const ssize_t count = ::read(descriptor, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return End::Complete;
    bytes.insert(bytes.end(), block.begin(), block.begin() + count);
  }
}

}  // namespace

Result<Outline> outline_apart(std::string_view text, const Grammar& grammar, const std::stop_token& stop,
                              std::chrono::microseconds time) {
  grammar.rules();  // made here, so that no other thread can be making them at the moment of the fork
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error{Error::Code::Io, "could not be parsed: there is no pipe left"};
  const pid_t child = ::fork();
  if (child == 0) work(ends[1], text, grammar, time);
  ::close(ends[1]);
  std::vector<std::uint8_t> bytes;
  End end = End::Complete;
  if (child > 0) end = read_to_end(ends[0], bytes, stop, Clock::now() + time + kGraceTime);
  ::close(ends[0]);
  if (child < 0) return Error{Error::Code::Io, "could not be parsed: there is no process left"};

  if (end != End::Complete) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (end == End::Stopped) return Error{Error::Code::Stopped, "could not be parsed: stopped by the user"};
  if (end == End::TooLong)
    return Error{Error::Code::InvalidInput,
                 "takes too long to parse as " + std::string(grammar.name) + "; read it with read_file"};
  try {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return unpacked(bytes);
  } catch (const std::exception&) {
  }
  return Error{Error::Code::InvalidInput, "could not be parsed: the parser of " + std::string(grammar.name) +
                                              " does not get through it; read it with read_file"};
}

}  // namespace facet::tools::code
