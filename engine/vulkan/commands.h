#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/base/result.h"
#include "engine/vulkan/descriptors.h"
#include "engine/vulkan/memory.h"
#include "engine/vulkan/pipelines.h"

namespace facet::engine::vulkan {

// One run of a kernel.
struct Dispatch {
  struct Operand {
    VkBuffer buffer = VK_NULL_HANDLE;
    bool is_written = false;
  };

  Kernel kernel;
  std::array<Operand, kBindings> operands;  // those behind the last one may be left out
  std::span<const std::byte> params;
  std::array<std::uint32_t, 3> groups = {1, 1, 1};
  std::uint64_t work = 0;  // about how many multiplications
};

// What the device is to do, in order. Commands are recorded and handed over in portions that should take it no longer
// than a tenth of a second, by the speed measured so far, because drivers end what takes seconds. A barrier stands only
// between commands of which one writes what the other uses.
//
// The first failure stays: from then on nothing is recorded, and `wait` says what it was.
class Commands {
 public:
  static Result<std::unique_ptr<Commands>> create(const Device& device, Memory& memory, Pipelines& pipelines);
  ~Commands();
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;

  void dispatch(const Dispatch& dispatch);

  // A piece of a transfer, in bytes: at `offset` of a buffer, then the next ones.
  struct Region {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };
  // Room for so many bytes that go to the regions of a buffer one after the other; to be filled before the next call.
  // Null after a failure. At most `staging_bytes`.
  std::byte* upload(VkBuffer to, std::span<const Region> regions);
  // The bytes of the regions, one after the other; waits for them. Null after a failure.
  const std::byte* download(VkBuffer from, std::span<const Region> regions);
  static constexpr std::uint64_t staging_bytes = 16ULL << 20U;

  // Hands over what was recorded, without waiting for it.
  void submit();
  // Waits until everything is done.
  Status wait();
  void fail(Error error);
  bool has_failed() const { return !status_.ok(); }
  // Whether the device did not answer in time: it may still be at work.
  bool is_stuck() const { return is_stuck_; }
  // The largest work that one dispatch should have.
  std::uint64_t work_limit() const;
  void forget(VkBuffer buffer);

 private:
  struct Portion {
    VkCommandBuffer commands = VK_NULL_HANDLE;
    VkFence fence = VK_NULL_HANDLE;
    bool is_running = false;
  };
  enum class Use { Read, Written };

  Commands(const Device& device, Memory& memory, Pipelines& pipelines)
      : device_(device), memory_(memory), pipelines_(pipelines), descriptors_(device, pipelines) {}
  Status create_objects();
  // The commands being recorded, begun where they are not yet; null after a failure.
  VkCommandBuffer recording();
  void order(VkCommandBuffer commands, std::span<const Dispatch::Operand> operands);
  void full_barrier(VkCommandBuffer commands, VkPipelineStageFlags from, VkAccessFlags written, VkPipelineStageFlags to,
                    VkAccessFlags used);
  bool wait_for(Portion& portion);
  bool check(VkResult result, const char* what);

  const Device& device_;
  Memory& memory_;
  Pipelines& pipelines_;
  Descriptors descriptors_;
  VkCommandPool pool_ = VK_NULL_HANDLE;
  std::array<Portion, 4> portions_;
  std::size_t current_ = 0;
  bool is_recording_ = false;
  bool is_stuck_ = false;
  std::unordered_map<VkBuffer, Use> pending_;
  DeviceBuffer to_device_;
  DeviceBuffer to_host_;
  std::uint64_t staged_ = 0;
  // Work in the portion being recorded, and since everything was last done.
  std::uint64_t work_ = 0;
  std::uint64_t unfinished_work_ = 0;
  std::chrono::steady_clock::time_point first_submit_;
  double work_per_second_ = 2e9;
  Status status_;
};

}  // namespace facet::engine::vulkan
