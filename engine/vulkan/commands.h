#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <span>
#include <unordered_map>
#include <variant>
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

    bool operator==(const Operand&) const = default;
  };

  Kernel kernel;
  std::array<Operand, kBindings> operands;  // those that the kernel does not use may be left out
  std::array<std::byte, kParamBytes> params = {};
  std::array<std::uint32_t, 3> groups = {1, 1, 1};
  std::uint64_t work = 0;  // about how many multiplications

  bool operator==(const Dispatch&) const = default;
};

// What the device is to do, in order. Commands are handed over in portions that should take it no longer than a tenth
// of a second, by the speed measured so far, because drivers end what takes seconds. A portion that asks for the very
// same as one before, as with every token that is decoded, is not recorded again. A barrier stands only between
// commands of which one writes what the other uses.
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

    bool operator==(const Region&) const = default;
  };
  // Room for so many bytes that go to the regions of a buffer one after the other; to be filled before the next call.
  // Null after a failure. At most `staging_bytes`.
  std::byte* upload(VkBuffer to, std::span<const Region> regions);
  // The bytes of the regions, one after the other; waits for them. Null after a failure.
  const std::byte* download(VkBuffer from, std::span<const Region> regions);
  static constexpr std::uint64_t staging_bytes = 16ULL << 20U;
  // The first bytes of one buffer to another.
  void copy(VkBuffer from, VkBuffer to, std::uint64_t bytes);

  // Positions that kernels get are relative to this one, so that the same commands serve every token.
  void set_position(std::uint32_t position);
  std::uint32_t position() const { return position_; }

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

  // What was asked for so far: kernels run, portions recorded and portions handed over.
  struct Counts {
    std::uint64_t dispatches = 0;
    std::uint64_t recorded = 0;
    std::uint64_t submitted = 0;
    double seconds = 0;  // that the device computed, by its own clock
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Transfer {
    struct Piece {
      std::uint64_t from = 0;
      std::uint64_t to = 0;
      std::uint64_t bytes = 0;

      bool operator==(const Piece&) const = default;
    };
    VkBuffer from = VK_NULL_HANDLE;
    VkBuffer to = VK_NULL_HANDLE;
    std::vector<Piece> pieces;

    bool operator==(const Transfer&) const = default;
  };
  using Command = std::variant<Dispatch, Transfer>;
  struct Portion {
    VkCommandBuffer commands = VK_NULL_HANDLE;
    VkFence fence = VK_NULL_HANDLE;
    std::uint32_t index = 0;
    std::vector<Command> content;
    bool is_running = false;
    std::uint64_t last_use = 0;
  };
  enum class Use { Read, Written };

  Commands(const Device& device, Memory& memory, Pipelines& pipelines)
      : device_(device), memory_(memory), pipelines_(pipelines), descriptors_(device, pipelines) {}
  Status create_objects();
  Portion* portion_for_waiting();
  Status create_portion(Portion& portion);
  bool record(Portion& portion);
  bool record(VkCommandBuffer commands, const Dispatch& dispatch);
  void record(VkCommandBuffer commands, const Transfer& transfer);
  void order(VkCommandBuffer commands, std::span<const Dispatch::Operand> operands);
  void full_barrier(VkCommandBuffer commands, VkPipelineStageFlags from, VkAccessFlags written, VkPipelineStageFlags to,
                    VkAccessFlags used);
  void barrier_for_all(VkCommandBuffer commands);
  void add(Command command, std::uint64_t work);
  void read_clock(const Portion& portion);
  void measure();
  bool wait_for(Portion& portion);
  bool check(VkResult result, const char* what);

  const Device& device_;
  Memory& memory_;
  Pipelines& pipelines_;
  Descriptors descriptors_;
  VkCommandPool pool_ = VK_NULL_HANDLE;
  // When each portion began and ended; none where the device has no clock.
  VkQueryPool clock_ = VK_NULL_HANDLE;
  // Those that are kept, running or not. A list, because they are pointed to.
  std::list<Portion> portions_;
  std::deque<Portion*> running_;  // in their order
  std::vector<Command> waiting_;
  bool is_stuck_ = false;
  // What the commands of the portion that is being recorded do with buffers since the last barrier.
  std::unordered_map<VkBuffer, Use> pending_;
  DeviceBuffer to_device_;
  DeviceBuffer to_host_;
  DeviceBuffer step_;
  std::uint32_t position_ = 0;
  std::uint64_t staged_ = 0;
  Counts counts_;
  // Work that waits to be handed over, and since everything was last done.
  std::uint64_t work_ = 0;
  std::uint64_t unfinished_work_ = 0;
  std::chrono::steady_clock::time_point first_submit_;
  double seconds_before_ = 0;  // of the device's clock at the first submit
  double work_per_second_ = 2e9;
  Status status_;
};

}  // namespace facet::engine::vulkan
