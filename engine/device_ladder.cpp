#include "engine/device_ladder.h"

#include <algorithm>
#include <cmath>

namespace facet::engine {
namespace {

constexpr std::size_t kMostLosses = 3;
constexpr std::chrono::minutes kMemory{2};

bool is_software(const VulkanDevice& device) {
  return device.kind == VulkanDevice::Kind::Software;
}

// Where nobody measures: a software device is slower than the CPU itself. It computes when it is meant and nothing else
// is.
void leave_out_software(std::vector<VulkanDevice>& devices) {
  std::erase_if(devices, is_software);
}

}  // namespace

std::string Rung::name() const {
  return device ? "the graphics device '" + device->name + "'" : "the CPU";
}

Result<std::vector<Rung>> find_rungs(const std::string& backend, bool automatic) {
  std::vector<Rung> rungs;
  const auto wanted = vulkan_device_in(backend);
  if (wanted) {
    FACET_ASSIGN_OR_RETURN(std::vector<VulkanDevice> meant, find_vulkan_devices(*wanted));
    if (!std::all_of(meant.begin(), meant.end(), is_software)) leave_out_software(meant);
    for (VulkanDevice& device : meant)
      rungs.push_back({std::move(device), /*is_asked_for=*/true});
  }
  if (wanted || (automatic && backend != "cpu")) {
    std::vector<VulkanDevice> others;
    if (auto found = find_vulkan_devices(""); found.ok()) others = std::move(*found);
    leave_out_software(others);
    for (VulkanDevice& device : others)
      if (std::none_of(rungs.begin(), rungs.end(),
                       [&](const Rung& rung) { return rung.device->index == device.index; }))
        rungs.push_back({std::move(device), /*is_asked_for=*/!wanted});
  }
  rungs.push_back({std::nullopt, /*is_asked_for=*/!wanted});
  return rungs;
}

std::vector<Rung> by_ability(std::vector<Rung> rungs, bool automatic) {
  const auto rank = [automatic](const Rung& rung) {
    constexpr double kFirst = HUGE_VAL;
    constexpr double kLast = -1;
    if (!rung.device) return automatic ? 1 : kLast;
    if (!rung.verdict) return kLast;
    const bool has_failed = rung.verdict->form.empty() && !rung.verdict->reason.empty();
    return has_failed ? kFirst : speedup(rung.verdict->ability, rung.part);
  };
  std::stable_sort(rungs.begin(), rungs.end(), [&](const Rung& a, const Rung& b) { return rank(a) > rank(b); });
  const auto cpu = std::find_if(rungs.begin(), rungs.end(), [](const Rung& rung) { return !rung.device; });
  if (automatic && cpu != rungs.end()) rungs.erase(cpu + 1, rungs.end());
  return rungs;
}

Result<std::vector<Rung>> find_able_rungs(const std::string& backend, const DeviceJudge& judge) {
  const auto wanted = vulkan_device_in(backend);
  const auto ask = [&](Rung& rung) {
    rung.verdict = judge.verdict(*rung.device);
    rung.part = judge.part(*rung.device);
  };
  if (!wanted) {
    std::vector<Rung> rungs;
    if (const auto found = find_vulkan_devices(""); found.ok() && backend != "cpu")
      for (const VulkanDevice& device : *found)
        ask(rungs.emplace_back(Rung{device, /*is_asked_for=*/true}));
    rungs.push_back({std::nullopt, /*is_asked_for=*/true});
    return by_ability(std::move(rungs), /*automatic=*/true);
  }
  FACET_ASSIGN_OR_RETURN(const std::vector<VulkanDevice> meant, find_vulkan_devices(*wanted));
  FACET_ASSIGN_OR_RETURN(std::vector<Rung> rungs, find_rungs(backend, /*automatic=*/true));
  if (meant.size() == 1) return rungs;
  // Software devices are among those that are meant now: what was measured decides.
  std::erase_if(rungs, [&](const Rung& rung) { return rung.device && rung.is_asked_for; });
  std::vector<Rung> all;
  for (const VulkanDevice& device : meant)
    ask(all.emplace_back(Rung{device, /*is_asked_for=*/true}));
  for (Rung& rung : rungs)
    all.push_back(std::move(rung));
  return by_ability(std::move(all), /*automatic=*/false);
}

bool DeviceLadder::forgives_loss() {
  const auto now = now_();
  std::erase_if(losses_, [&](const auto& loss) { return now - loss >= kMemory; });
  losses_.push_back(now);
  return losses_.size() < kMostLosses;
}

void DeviceLadder::give_up() {
  ++current_;
  losses_.clear();
}

}  // namespace facet::engine
