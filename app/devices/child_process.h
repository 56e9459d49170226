#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace facet::app::devices {

// How a program ended.
struct ChildEnd {
  enum class Kind { Exited, Killed, TimedOut };
  Kind kind = Kind::Exited;
  int number = 0;      // the exit status, or the signal that ended it
  std::string output;  // what it printed, as far as it matters
};

// Runs a program without input and without its complaints, and ends it at the deadline. An error when it can not be
// started.
Result<ChildEnd> run_child(const std::vector<std::string>& command, std::chrono::milliseconds deadline);

}  // namespace facet::app::devices
