#include "engine/device_ladder.h"

#include <algorithm>

namespace facet::engine {
namespace {

constexpr std::size_t kMostLosses = 3;
constexpr std::chrono::minutes kMemory{2};

bool is_software(const VulkanDevice& device) {
  return device.kind == VulkanDevice::Kind::Software;
}

// A software device is slower than the CPU itself: it computes when it is meant and nothing else is.
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
