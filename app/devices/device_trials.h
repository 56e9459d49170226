#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "app/paths.h"
#include "engine/engine.h"
#include "engine/trial/device_trial.h"

namespace facet::app::devices {

// What was measured, as the process that tests prints it under "seconds_per_token", and the memory keeps it. What is
// not there is not known.
nlohmann::json as_json(const engine::Ability& ability);
engine::Ability ability_in(const nlohmann::json& object);

// Tests graphics devices, and measures what they can do, each in a process of its own, because a driver may end the
// process or never answer; and remembers what came of it, until the driver, the kernels or what a model uses of them
// change. Any thread may call.
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
    engine::Ability ability;
    bool is_slow = false;  // so that it was not tried at all
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
// "auto" where there is a graphics device that it might mean, otherwise "cpu"; any other name stays what it is. Looks
// for the files of devices alone: asking Vulkan costs a tenth of a second, and 50 MB where a software device answers.
std::string narrowed_backend(const std::string& backend, const std::filesystem::path& dev = "/dev");
// All of that for a command, which says on the standard error output when another device takes over.
void choose_devices(const Paths& paths, engine::EngineOptions& options);

}  // namespace facet::app::devices
