#include "engine/vulkan/commands.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"
#include "engine/vulkan/loader.h"
#include "engine/vulkan/shaders/params.h"

namespace facet::engine::vulkan {
namespace {

constexpr double kSecondsPerPortion = 0.1;
// Portions that are kept: enough for a token on a device that is so slow that one takes many.
constexpr std::uint32_t kMostPortions = 64;
constexpr VkPipelineStageFlags kStages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
constexpr VkAccessFlags kWrites = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
constexpr VkAccessFlags kUses = kWrites | VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_TRANSFER_READ_BIT;

// A device that is busy with the work of others may take its time; one that hangs never answers.
std::uint64_t deadline_ns(const VulkanDevice& device) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  return (device.kind == VulkanDevice::Kind::Software ? 600 : 60) * kSecond;
}

}  // namespace

Result<std::unique_ptr<Commands>> Commands::create(const Device& device, Memory& memory, Pipelines& pipelines) {
  std::unique_ptr<Commands> commands(new Commands(device, memory, pipelines));
  FACET_RETURN_IF_ERROR(commands->create_objects());
  return commands;
}

Status Commands::create_objects() {
  const Functions& functions = device_.functions();
  VkCommandPoolCreateInfo pool{};
  pool.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
  pool.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  pool.queueFamilyIndex = device_.queue_family();
  if (!check(functions.vkCreateCommandPool(device_.handle(), &pool, nullptr, &pool_), "prepare commands"))
    return status_;
  if (device_.seconds_per_tick() > 0) {
    VkQueryPoolCreateInfo clock{};
    clock.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
    clock.queryType = VK_QUERY_TYPE_TIMESTAMP;
    clock.queryCount = 2 * kMostPortions;
    if (!check(functions.vkCreateQueryPool(device_.handle(), &clock, nullptr, &clock_), "measure time")) return status_;
  }
  FACET_ASSIGN_OR_RETURN(to_device_, memory_.create(staging_bytes, Place::Upload, "what goes to the device"));
  FACET_ASSIGN_OR_RETURN(to_host_, memory_.create(staging_bytes, Place::Readback, "what comes from the device"));
  FACET_ASSIGN_OR_RETURN(step_, memory_.create(sizeof(StepState), Place::Device, "the position"));
  const Region whole{0, sizeof(StepState)};
  std::byte* const room = upload(step_.handle, {&whole, 1});
  if (room == nullptr) return status_;
  std::memset(room, 0, sizeof(StepState));
  return {};
}

Status Commands::create_portion(Portion& portion) {
  const Functions& functions = device_.functions();
  VkCommandBufferAllocateInfo allocate{};
  allocate.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
  allocate.commandPool = pool_;
  allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  allocate.commandBufferCount = 1;
  VkFenceCreateInfo fence{};
  fence.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO;
  if (check(functions.vkAllocateCommandBuffers(device_.handle(), &allocate, &portion.commands), "prepare commands"))
    check(functions.vkCreateFence(device_.handle(), &fence, nullptr, &portion.fence), "prepare commands");
  return status_;
}

Commands::~Commands() {
  const Functions& functions = device_.functions();
  // A device that hangs is not waited for once more; what it still holds goes with the process.
  if (!is_stuck_) functions.vkDeviceWaitIdle(device_.handle());
  for (const Portion& portion : portions_)
    if (portion.fence != VK_NULL_HANDLE) functions.vkDestroyFence(device_.handle(), portion.fence, nullptr);
  if (clock_ != VK_NULL_HANDLE) functions.vkDestroyQueryPool(device_.handle(), clock_, nullptr);
  if (pool_ != VK_NULL_HANDLE) functions.vkDestroyCommandPool(device_.handle(), pool_, nullptr);
  for (DeviceBuffer* buffer : {&to_device_, &to_host_, &step_})
    memory_.release(*buffer);
}

void Commands::fail(Error error) {
  if (status_.ok()) status_ = std::move(error);
}

bool Commands::check(VkResult result, const char* what) {
  if (result != VK_SUCCESS) fail(vulkan_error(result, what));
  return result == VK_SUCCESS;
}

std::uint64_t Commands::work_limit() const {
  return static_cast<std::uint64_t>(std::max(1e6, work_per_second_ * kSecondsPerPortion));
}

void Commands::full_barrier(VkCommandBuffer commands, VkPipelineStageFlags from, VkAccessFlags written,
                            VkPipelineStageFlags to, VkAccessFlags used) {
  const VkMemoryBarrier barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, written, used};
  device_.functions().vkCmdPipelineBarrier(commands, from, to, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

void Commands::barrier_for_all(VkCommandBuffer commands) {
  full_barrier(commands, kStages, kWrites, kStages, kUses);
  pending_.clear();
}

void Commands::order(VkCommandBuffer commands, std::span<const Dispatch::Operand> operands) {
  const bool must_wait = std::any_of(operands.begin(), operands.end(), [this](const Dispatch::Operand& operand) {
    const auto found = pending_.find(operand.buffer);
    return found != pending_.end() && (operand.is_written || found->second == Use::Written);
  });
  if (must_wait) barrier_for_all(commands);
  for (const Dispatch::Operand& operand : operands) {
    if (operand.buffer == VK_NULL_HANDLE) continue;
    Use& use = pending_.try_emplace(operand.buffer, Use::Read).first->second;
    if (operand.is_written) use = Use::Written;
  }
}

void Commands::add(Command command, std::uint64_t work) {
  if (work_ > 0 && work_ + work > work_limit()) submit();
  waiting_.push_back(std::move(command));
  work_ += work;
}

void Commands::dispatch(const Dispatch& dispatch) {
  if (has_failed()) return;
  ++counts_.dispatches;
  add(dispatch, dispatch.work);
}

std::byte* Commands::upload(VkBuffer to, std::span<const Region> regions) {
  std::uint64_t bytes = 0;
  for (const Region& region : regions)
    bytes += region.bytes;
  FACET_CHECK(bytes <= staging_bytes, "%llu bytes", static_cast<unsigned long long>(bytes));
  // What was staged is only known to be read when everything is done.
  if (staged_ + bytes > staging_bytes && !wait().ok()) return nullptr;
  if (has_failed()) return nullptr;
  Transfer transfer{to_device_.handle, to, {}};
  std::uint64_t from = staged_;
  for (const Region& region : regions) {
    transfer.pieces.push_back({from, region.offset, region.bytes});
    from += region.bytes;
  }
  add(std::move(transfer), 0);
  std::byte* const room = to_device_.mapped + staged_;
  // The next one begins where any value may begin.
  staged_ = (staged_ + bytes + 15) / 16 * 16;
  return room;
}

const std::byte* Commands::download(VkBuffer from, std::span<const Region> regions) {
  std::uint64_t bytes = 0;
  for (const Region& region : regions)
    bytes += region.bytes;
  FACET_CHECK(bytes <= staging_bytes, "%llu bytes", static_cast<unsigned long long>(bytes));
  if (has_failed()) return nullptr;
  Transfer transfer{from, to_host_.handle, {}};
  std::uint64_t to = 0;
  for (const Region& region : regions) {
    transfer.pieces.push_back({region.offset, to, region.bytes});
    to += region.bytes;
  }
  add(std::move(transfer), 0);
  return wait().ok() ? to_host_.mapped : nullptr;
}

void Commands::copy(VkBuffer from, VkBuffer to, std::uint64_t bytes) {
  if (!has_failed()) add(Transfer{from, to, {{0, 0, bytes}}}, 0);
}

void Commands::set_position(std::uint32_t position) {
  if (position == position_) return;
  position_ = position;
  const Region first{offsetof(StepState, position), sizeof position};
  if (std::byte* const room = upload(step_.handle, {&first, 1})) std::memcpy(room, &position, sizeof position);
}

bool Commands::record(VkCommandBuffer commands, const Dispatch& dispatch) {
  const auto pipeline = pipelines_.get(dispatch.kernel);
  if (!pipeline.ok()) {
    fail(pipeline.error());
    return false;
  }
  BoundBuffers buffers;
  // Every binding needs a buffer, also one that the kernel does not look at.
  for (std::size_t i = 0; i < kBindings; ++i)
    buffers[i] = dispatch.operands[i].buffer != VK_NULL_HANDLE ? dispatch.operands[i].buffer : step_.handle;
  buffers[FACET_BINDING_STEP] = step_.handle;
  const auto set = descriptors_.get(buffers);
  if (!set.ok()) {
    fail(set.error());
    return false;
  }
  order(commands, dispatch.operands);
  const Functions& functions = device_.functions();
  functions.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, *pipeline);
  functions.vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipelines_.layout(), 0, 1, &*set, 0,
                                    nullptr);
  functions.vkCmdPushConstants(commands, pipelines_.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, kParamBytes,
                               dispatch.params.data());
  functions.vkCmdDispatch(commands, dispatch.groups[0], dispatch.groups[1], dispatch.groups[2]);
  return true;
}

void Commands::record(VkCommandBuffer commands, const Transfer& transfer) {
  // All kernels read the position.
  const bool concerns_all = transfer.to == step_.handle;
  const std::array<Dispatch::Operand, 2> operands = {{{transfer.from, false}, {transfer.to, true}}};
  if (concerns_all)
    barrier_for_all(commands);
  else
    order(commands, operands);
  std::vector<VkBufferCopy> copies;
  for (const Transfer::Piece& piece : transfer.pieces)
    copies.push_back({piece.from, piece.to, piece.bytes});
  device_.functions().vkCmdCopyBuffer(commands, transfer.from, transfer.to, static_cast<std::uint32_t>(copies.size()),
                                      copies.data());
  if (concerns_all) barrier_for_all(commands);
  if (transfer.to == to_host_.handle)
    full_barrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_HOST_BIT,
                 VK_ACCESS_HOST_READ_BIT);
}

bool Commands::record(Portion& portion) {
  ++counts_.recorded;
  const Functions& functions = device_.functions();
  VkCommandBufferBeginInfo begin{};
  begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  if (!check(functions.vkBeginCommandBuffer(portion.commands, &begin), "record commands")) return false;
  const std::uint32_t query = 2 * portion.index;
  if (clock_ != VK_NULL_HANDLE) {
    functions.vkCmdResetQueryPool(portion.commands, clock_, query, 2);
    functions.vkCmdWriteTimestamp(portion.commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, clock_, query);
  }
  // Whatever ran before it, in whatever order portions are used again.
  barrier_for_all(portion.commands);
  for (const Command& command : portion.content) {
    if (const auto* const dispatch = std::get_if<Dispatch>(&command)) {
      if (!record(portion.commands, *dispatch)) return false;
    } else {
      record(portion.commands, std::get<Transfer>(command));
    }
  }
  if (clock_ != VK_NULL_HANDLE)
    functions.vkCmdWriteTimestamp(portion.commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, clock_, query + 1);
  return check(functions.vkEndCommandBuffer(portion.commands), "record commands");
}

// One that was recorded for just this, or a new one, or the one that was not used for the longest time.
Commands::Portion* Commands::portion_for_waiting() {
  Portion* oldest = nullptr;
  for (Portion& portion : portions_) {
    if (portion.is_running) continue;
    if (!portion.content.empty() && portion.content == waiting_) return &portion;
    if (oldest == nullptr || portion.last_use < oldest->last_use) oldest = &portion;
  }
  if (portions_.size() < kMostPortions) {
    const auto index = static_cast<std::uint32_t>(portions_.size());
    oldest = &portions_.emplace_back();
    oldest->index = index;
    if (!create_portion(*oldest).ok()) return nullptr;
  } else if (oldest == nullptr) {
    oldest = running_.front();
    if (!wait_for(*oldest)) return nullptr;
  }
  oldest->content = waiting_;
  if (record(*oldest)) return oldest;
  oldest->content.clear();
  return nullptr;
}

void Commands::submit() {
  if (has_failed() || waiting_.empty()) return;
  Portion* const portion = portion_for_waiting();
  waiting_.clear();
  if (portion == nullptr) return;
  portion->last_use = ++counts_.submitted;
  VkSubmitInfo info{};
  info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  info.commandBufferCount = 1;
  info.pCommandBuffers = &portion->commands;
  if (unfinished_work_ == 0) {
    first_submit_ = std::chrono::steady_clock::now();
    seconds_before_ = counts_.seconds;
  }
  if (!check(device_.functions().vkQueueSubmit(device_.queue(), 1, &info, portion->fence), "compute")) return;
  portion->is_running = true;
  running_.push_back(portion);
  unfinished_work_ += work_;
  work_ = 0;
}

bool Commands::wait_for(Portion& portion) {
  const Functions& functions = device_.functions();
  const VkResult result =
      functions.vkWaitForFences(device_.handle(), 1, &portion.fence, VK_TRUE, deadline_ns(device_.description()));
  is_stuck_ = result == VK_TIMEOUT;
  if (!check(result, "compute")) return false;
  portion.is_running = false;
  std::erase(running_, &portion);
  read_clock(portion);
  return check(functions.vkResetFences(device_.handle(), 1, &portion.fence), "compute");
}

Status Commands::wait() {
  submit();
  while (!has_failed() && !running_.empty())
    wait_for(*running_.front());
  if (has_failed()) return status_;
  measure();
  staged_ = 0;
  return {};
}

void Commands::read_clock(const Portion& portion) {
  if (clock_ == VK_NULL_HANDLE) return;
  std::array<std::uint64_t, 2> ticks = {};
  const VkResult result =
      device_.functions().vkGetQueryPoolResults(device_.handle(), clock_, 2 * portion.index, 2, sizeof ticks,
                                                ticks.data(), sizeof ticks[0], VK_QUERY_RESULT_64_BIT);
  if (result == VK_SUCCESS && ticks[1] > ticks[0])
    counts_.seconds += static_cast<double>(ticks[1] - ticks[0]) * device_.seconds_per_tick();
}

// The limit changes only when the speed is clearly another one: with it portions change, and are recorded again.
void Commands::measure() {
  // Small work says more about the overhead than about the device's speed.
  constexpr std::uint64_t kWorthMeasuring = 1'000'000;
  constexpr double kClearly = 1.5;
  if (unfinished_work_ >= kWorthMeasuring) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - first_submit_;
    const double by_its_clock = counts_.seconds - seconds_before_;
    const double seconds = by_its_clock > 0 ? std::min(by_its_clock, taken.count()) : taken.count();
    const double measured = static_cast<double>(unfinished_work_) / std::max(seconds, 1e-6);
    if (measured > work_per_second_ * kClearly || measured < work_per_second_ / kClearly)
      work_per_second_ = (work_per_second_ + measured) / 2;
  }
  unfinished_work_ = 0;
}

void Commands::forget(VkBuffer buffer) {
  descriptors_.forget(buffer);
  const auto uses = [buffer](const Command& command) {
    if (const auto* const transfer = std::get_if<Transfer>(&command))
      return transfer->from == buffer || transfer->to == buffer;
    const auto& operands = std::get<Dispatch>(command).operands;
    return std::any_of(operands.begin(), operands.end(),
                       [buffer](const Dispatch::Operand& operand) { return operand.buffer == buffer; });
  };
  for (Portion& portion : portions_)
    if (std::any_of(portion.content.begin(), portion.content.end(), uses)) portion.content.clear();
}

}  // namespace facet::engine::vulkan
