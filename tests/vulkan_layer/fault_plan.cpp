#include "tests/vulkan_layer/fault_plan.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <numeric>
#include <sstream>
#include <string>

namespace fault_layer {
namespace {

constexpr std::array<const char*, kCalls> kNames = {
#define FAULT_LAYER_NAME(name) #name,
    FAULT_LAYER_DEVICE_FUNCTIONS(FAULT_LAYER_NAME) FAULT_LAYER_INSTANCE_FUNCTIONS(FAULT_LAYER_NAME)
#undef FAULT_LAYER_NAME
};

struct Fault {
  std::uint64_t first = 0;  // of all calls since the process began
  std::uint64_t times = 0;
  VkResult result = VK_SUCCESS;
  std::uint64_t struck = 0;
};

struct Plan {
  std::mutex mutex;
  std::array<std::uint64_t, kCalls> calls = {};
  std::array<Fault, kCalls> faults = {};
  std::int64_t objects = 0;
  std::atomic<std::int32_t> device_type = kTruth;

  Plan();
};

Plan& plan() {
  static Plan all;
  return all;
}

std::optional<Call> find(const char* function) {
  for (std::size_t i = 0; i < kCalls; ++i)
    if (std::strcmp(kNames[i], function) == 0) return static_cast<Call>(i);
  return std::nullopt;
}

bool arm_plan(Plan& at, const char* function, std::uint64_t nth, std::int32_t result, std::uint64_t times) {
  const std::lock_guard guard(at.mutex);
  const auto call = find(function);
  if (!call) return false;
  const auto index = static_cast<std::size_t>(*call);
  at.faults[index] = {at.calls[index] + nth, times, static_cast<VkResult>(result), 0};
  return true;
}

Plan::Plan() {
  if (const char* const wish = std::getenv("FACET_FAULTS"); wish != nullptr) {
    std::istringstream words(wish);
    std::string function;
    std::uint64_t nth = 1;
    std::int32_t wanted = kOutOfHostMemory;
    std::uint64_t repeats = 1;
    words >> function >> nth >> wanted >> repeats;
    arm_plan(*this, function.c_str(), nth, wanted, repeats);
  }
  if (const char* const type = std::getenv("FACET_FAULTS_PRETEND"); type != nullptr) device_type = std::atoi(type);
}

bool arm(const char* function, std::uint64_t nth, std::int32_t result, std::uint64_t times) {
  return arm_plan(plan(), function, nth, result, times);
}

void disarm() {
  const std::lock_guard guard(plan().mutex);
  plan().faults = {};
}

std::uint64_t struck() {
  const std::lock_guard guard(plan().mutex);
  return std::accumulate(plan().faults.begin(), plan().faults.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Fault& fault) { return sum + fault.struck; });
}

std::uint64_t calls(const char* function) {
  const std::lock_guard guard(plan().mutex);
  const auto call = find(function);
  return call ? plan().calls[static_cast<std::size_t>(*call)] : 0;
}

std::int64_t alive() {
  const std::lock_guard guard(plan().mutex);
  return plan().objects;
}

void pretend(std::int32_t device_type) {
  plan().device_type = device_type;
}

}  // namespace

std::optional<VkResult> strike(Call call) {
  Plan& at = plan();
  const std::lock_guard guard(at.mutex);
  const auto index = static_cast<std::size_t>(call);
  const std::uint64_t number = ++at.calls[index];
  Fault& fault = at.faults[index];
  if (number < fault.first || number - fault.first >= fault.times) return std::nullopt;
  ++fault.struck;
  return fault.result;
}

void count_objects(std::int64_t more) {
  const std::lock_guard guard(plan().mutex);
  plan().objects += more;
}

std::optional<VkPhysicalDeviceType> pretended_type() {
  const std::int32_t type = plan().device_type;
  return type == kTruth ? std::nullopt : std::optional(static_cast<VkPhysicalDeviceType>(type));
}

const Control& control() {
  static const Control table = {arm, disarm, struck, calls, alive, pretend};
  return table;
}

}  // namespace fault_layer
