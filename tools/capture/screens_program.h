#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace facet::tools::capture {

struct SeenScreen {
  int number = 0;  // from 1, as counted_screens counts
  std::uint32_t width = 0;
  std::uint32_t height = 0;  // pixels
  std::string png;           // empty where it is only known that there is such a screen
};

// `facet-screens` at work for the model: sees the screens without a window of ours and on any thread, which waits. What
// is stopped, or takes too long, is ended and waited for. Errors are one sentence; Error::Code::Stopped: the user has
// chosen not to show anything, or stop was requested.
class ScreensProgram {
 public:
  explicit ScreensProgram(std::filesystem::path program) : program_(std::move(program)) {}

  // Those of the X11 display that DISPLAY names.
  Result<std::vector<SeenScreen>> list(const std::stop_token& stop) const;
  // Of one of them; 0: of each.
  Result<std::vector<SeenScreen>> take(int number, const std::stop_token& stop) const;
  // What the user chooses in the desktop's own dialog, where only the desktop sees the screens.
  Result<std::vector<SeenScreen>> ask_desktop(const std::stop_token& stop) const;

 private:
  Result<std::vector<SeenScreen>> run(const std::vector<std::string>& words, std::chrono::milliseconds patience,
                                      const std::stop_token& stop) const;

  std::filesystem::path program_;
};

// Where the program is that belongs to the one in this folder: beside it in a build, in ../libexec/facet once
// installed.
std::filesystem::path find_screens_program(const std::filesystem::path& folder);
// The one that belongs to the running program.
std::filesystem::path own_screens_program();

}  // namespace facet::tools::capture
