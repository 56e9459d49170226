#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "app/paths.h"
#include "engine/engine.h"
#include "engine/trial/device_trial.h"

namespace facet::app::devices {

// Tests graphics devices, each in a process of its own, because a driver may end the process or never answer; and
// remembers what came of it, until the driver, the kernels or what a model uses of them change. Any thread may call.
class DeviceTrials {
 public:
  // `program` is the facet that tests; `memory` the file that keeps the verdicts.
  DeviceTrials(std::filesystem::path program, std::filesystem::path memory,
               std::chrono::milliseconds deadline = std::chrono::minutes(2))
      : program_(std::move(program)), memory_(std::move(memory)), deadline_(deadline) {}

  engine::DeviceVerdict judge(const engine::DeviceTrial& trial) const;
  std::optional<engine::DeviceVerdict> remembered(const engine::DeviceTrial& trial) const;

 private:
  // What is wrong with a form of the kernels; nothing when it computes right.
  struct Complaint {
    std::string text;
    bool is_final = false;  // another form need not be tried
  };
  engine::DeviceVerdict test(const engine::DeviceTrial& trial) const;
  // An error when nobody could find out.
  Result<Complaint> complaint(const engine::DeviceTrial& trial, const std::string& form) const;
  void remember(const engine::DeviceTrial& trial, const engine::DeviceVerdict& verdict) const;

  std::filesystem::path program_;
  std::filesystem::path memory_;
  std::chrono::milliseconds deadline_;
};

// Those of this program, kept in the data folder.
DeviceTrials own_trials(const Paths& paths);
// Lets the engine use what passes them.
std::function<engine::DeviceVerdict(const engine::DeviceTrial&)> judge_of(const Paths& paths);
// The same for a command, which says on the standard error output when another device takes over.
void choose_devices(const Paths& paths, engine::EngineOptions& options);

}  // namespace facet::app::devices
