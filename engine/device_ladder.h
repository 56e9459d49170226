#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/trial/device_trial.h"
#include "engine/vulkan/vulkan.h"

namespace facet::engine {

// A device that may compute the model: a Vulkan one, or the CPU.
struct Rung {
  std::optional<VulkanDevice> device;  // nothing: the CPU
  bool is_asked_for = false;           // whether the model may be loaded here at first, and not only after a failure
  // What the self-test says, where it was asked before, and how much of the model the device has room for (0 to 1).
  std::optional<DeviceVerdict> verdict = {};
  double part = 1;

  // "the CPU", "the graphics device 'GeForce'"
  std::string name() const;
};

// The devices that a backend's name (as in EngineOptions) means, the best first, and those that stand in for them when
// they fail; the CPU is the last. `automatic` says whether "auto" may mean a graphics device. A sentence when the name
// means none that is there.
Result<std::vector<Rung>> find_rungs(const std::string& backend, bool automatic);

// What a choice by measured ability needs to know.
struct DeviceJudge {
  std::function<DeviceVerdict(const VulkanDevice&)> verdict;
  std::function<double(const VulkanDevice&)> part;  // see Rung
};

// The same in the order of what the devices can do, the CPU included, where the name leaves a choice. Devices that
// stand in are not asked before they have to.
Result<std::vector<Rung>> find_able_rungs(const std::string& backend, const DeviceJudge& judge);

// The order in which devices are tried, by their verdicts alone. What failed its self-test comes first, because loading
// says so. Then comes the fastest, by a whole turn with its part of the model. With `automatic` the CPU takes its place
// among them, and nothing comes behind it: it never fails. So a device that is slower, or that nobody has measured,
// computes only when it is named.
std::vector<Rung> by_ability(std::vector<Rung> rungs, bool automatic);

// Which device computes. One that is lost is opened again, because a driver that starts anew or a machine that wakes up
// loses it once; with the third loss within two minutes it is given up, and so is one that fails in another way.
class DeviceLadder {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;

  DeviceLadder() = default;
  DeviceLadder(std::vector<Rung> rungs, Now now) : rungs_(std::move(rungs)), now_(std::move(now)) {}

  const Rung& current() const { return rungs_[current_]; }
  // The next one, if there is any.
  const Rung* next() const { return current_ + 1 < rungs_.size() ? &rungs_[current_ + 1] : nullptr; }

  // Counts a loss of the current device: whether it is worth opening again.
  bool forgives_loss();
  // Precondition: there is a next one.
  void give_up();

 private:
  std::vector<Rung> rungs_;
  std::size_t current_ = 0;
  Now now_;
  std::vector<std::chrono::steady_clock::time_point> losses_;
};

}  // namespace facet::engine
