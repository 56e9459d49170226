#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "tools/descriptor.h"
#include "tools/sandbox/wall_plan.h"

namespace facet::tools::sandbox {

// How a command ended, and what of its output was not asked for any more.
struct Ending {
  enum class Kind { Exited, Signalled, OutOfMemory, TooManyProcesses, DiskFilled, TookTooLong, Stopped };

  Kind kind = Kind::Exited;
  int value = 0;  // the exit status or the signal

  bool operator==(const Ending&) const = default;
};

using OnOutput = std::function<void(std::string_view)>;

// A command behind its walls. Belongs to the thread that starts it, for the system ends the command when that thread
// ends. No process is left behind, whatever happens.
class WalledProcess {
 public:
  // `program` is facet-sandbox.
  static Result<std::unique_ptr<WalledProcess>> start(const std::filesystem::path& program, const WallPlan& plan,
                                                      std::stop_token stop);
  ~WalledProcess();
  WalledProcess(const WalledProcess&) = delete;
  WalledProcess& operator=(const WalledProcess&) = delete;

  // Waits for its end, which the stop token and the limit of time bring about; hands on standard output and error as
  // they come, in one stream. An error when the walls could not be built: then nothing has run.
  Result<Ending> finish(std::chrono::milliseconds patience, const OnOutput& on_output);

 private:
  using Clock = std::chrono::steady_clock;
  using StopCallback = std::stop_callback<std::function<void()>>;

  WalledProcess(Wall wall, std::stop_token stop);
  Status spawn(const std::filesystem::path& program, const WallPlan& plan);
  // Hands on what is there. False at the end of the output.
  bool pass_on(const OnOutput& on_output);
  void drain(const OnOutput& on_output);
  void end();
  Result<Ending> reported();

  Wall wall_;
  std::stop_token stop_;
  pid_t process_ = -1;
  Descriptor handle_;  // of the process; readable when it has ended
  Descriptor output_;
  Descriptor report_;
  Descriptor wake_;  // readable when stop is requested
  std::unique_ptr<StopCallback> on_stop_;
};

}  // namespace facet::tools::sandbox
