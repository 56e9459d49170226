#include "engine/vulkan/commands.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/vulkan/loader.h"

namespace facet::engine::vulkan {
namespace {

constexpr double kSecondsPerPortion = 0.1;
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
  VkCommandBufferAllocateInfo allocate{};
  allocate.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
  allocate.commandPool = pool_;
  allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  allocate.commandBufferCount = 1;
  VkFenceCreateInfo fence{};
  fence.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO;
  for (Portion& portion : portions_) {
    if (!check(functions.vkAllocateCommandBuffers(device_.handle(), &allocate, &portion.commands),
               "prepare commands") ||
        !check(functions.vkCreateFence(device_.handle(), &fence, nullptr, &portion.fence), "prepare commands"))
      return status_;
  }
  FACET_ASSIGN_OR_RETURN(to_device_, memory_.create(staging_bytes, Place::Upload, "what goes to the device"));
  FACET_ASSIGN_OR_RETURN(to_host_, memory_.create(staging_bytes, Place::Readback, "what comes from the device"));
  return {};
}

Commands::~Commands() {
  const Functions& functions = device_.functions();
  // A device that hangs is not waited for once more; what it still holds goes with the process.
  if (!is_stuck_) functions.vkDeviceWaitIdle(device_.handle());
  for (const Portion& portion : portions_)
    if (portion.fence != VK_NULL_HANDLE) functions.vkDestroyFence(device_.handle(), portion.fence, nullptr);
  if (pool_ != VK_NULL_HANDLE) functions.vkDestroyCommandPool(device_.handle(), pool_, nullptr);
  memory_.release(to_device_);
  memory_.release(to_host_);
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

VkCommandBuffer Commands::recording() {
  if (has_failed()) return VK_NULL_HANDLE;
  Portion& portion = portions_[current_];
  if (is_recording_) return portion.commands;
  if (!wait_for(portion)) return VK_NULL_HANDLE;
  VkCommandBufferBeginInfo begin{};
  begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  if (!check(device_.functions().vkBeginCommandBuffer(portion.commands, &begin), "record commands"))
    return VK_NULL_HANDLE;
  is_recording_ = true;
  return portion.commands;
}

void Commands::full_barrier(VkCommandBuffer commands, VkPipelineStageFlags from, VkAccessFlags written,
                            VkPipelineStageFlags to, VkAccessFlags used) {
  const VkMemoryBarrier barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, written, used};
  device_.functions().vkCmdPipelineBarrier(commands, from, to, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

void Commands::order(VkCommandBuffer commands, std::span<const Dispatch::Operand> operands) {
  const bool must_wait = std::any_of(operands.begin(), operands.end(), [this](const Dispatch::Operand& operand) {
    const auto found = pending_.find(operand.buffer);
    return found != pending_.end() && (operand.is_written || found->second == Use::Written);
  });
  if (must_wait) {
    full_barrier(commands, kStages, kWrites, kStages, kUses);
    pending_.clear();
  }
  for (const Dispatch::Operand& operand : operands) {
    if (operand.buffer == VK_NULL_HANDLE) continue;
    Use& use = pending_.try_emplace(operand.buffer, Use::Read).first->second;
    if (operand.is_written) use = Use::Written;
  }
}

void Commands::dispatch(const Dispatch& dispatch) {
  FACET_CHECK(dispatch.params.size() <= kParamBytes, "%zu bytes", dispatch.params.size());
  if (work_ > 0 && work_ + dispatch.work > work_limit()) submit();
  const VkCommandBuffer commands = recording();
  if (commands == VK_NULL_HANDLE) return;
  const auto pipeline = pipelines_.get(dispatch.kernel);
  if (!pipeline.ok()) return fail(pipeline.error());
  BoundBuffers buffers;
  // Every binding needs a buffer, also one that the kernel does not look at.
  for (std::size_t i = 0; i < kBindings; ++i)
    buffers[i] = dispatch.operands[i].buffer != VK_NULL_HANDLE ? dispatch.operands[i].buffer : buffers[0];
  const auto set = descriptors_.get(buffers);
  if (!set.ok()) return fail(set.error());

  order(commands, dispatch.operands);
  const Functions& functions = device_.functions();
  functions.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, *pipeline);
  functions.vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipelines_.layout(), 0, 1, &*set, 0,
                                    nullptr);
  functions.vkCmdPushConstants(commands, pipelines_.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0,
                               static_cast<std::uint32_t>(dispatch.params.size()), dispatch.params.data());
  functions.vkCmdDispatch(commands, dispatch.groups[0], dispatch.groups[1], dispatch.groups[2]);
  work_ += dispatch.work;
}

std::byte* Commands::upload(VkBuffer to, std::span<const Region> regions) {
  std::uint64_t bytes = 0;
  for (const Region& region : regions)
    bytes += region.bytes;
  FACET_CHECK(bytes <= staging_bytes, "%llu bytes", static_cast<unsigned long long>(bytes));
  // What was staged is only known to be read when everything is done.
  if (staged_ + bytes > staging_bytes && !wait().ok()) return nullptr;
  const VkCommandBuffer commands = recording();
  if (commands == VK_NULL_HANDLE) return nullptr;
  const Dispatch::Operand written{to, true};
  order(commands, {&written, 1});
  std::vector<VkBufferCopy> copies;
  std::uint64_t from = staged_;
  for (const Region& region : regions) {
    copies.push_back({from, region.offset, region.bytes});
    from += region.bytes;
  }
  device_.functions().vkCmdCopyBuffer(commands, to_device_.handle, to, static_cast<std::uint32_t>(copies.size()),
                                      copies.data());
  std::byte* const room = to_device_.mapped + staged_;
  // The next one begins where any value may begin.
  staged_ = (from + 15) / 16 * 16;
  return room;
}

const std::byte* Commands::download(VkBuffer from, std::span<const Region> regions) {
  const VkCommandBuffer commands = recording();
  if (commands == VK_NULL_HANDLE) return nullptr;
  const Dispatch::Operand read{from, false};
  order(commands, {&read, 1});
  std::vector<VkBufferCopy> copies;
  std::uint64_t to = 0;
  for (const Region& region : regions) {
    copies.push_back({region.offset, to, region.bytes});
    to += region.bytes;
  }
  FACET_CHECK(to <= staging_bytes, "%llu bytes", static_cast<unsigned long long>(to));
  device_.functions().vkCmdCopyBuffer(commands, from, to_host_.handle, static_cast<std::uint32_t>(copies.size()),
                                      copies.data());
  full_barrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_HOST_BIT,
               VK_ACCESS_HOST_READ_BIT);
  return wait().ok() ? to_host_.mapped : nullptr;
}

void Commands::submit() {
  if (has_failed() || !is_recording_) return;
  Portion& portion = portions_[current_];
  const Functions& functions = device_.functions();
  is_recording_ = false;
  if (!check(functions.vkEndCommandBuffer(portion.commands), "record commands")) return;
  VkSubmitInfo info{};
  info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  info.commandBufferCount = 1;
  info.pCommandBuffers = &portion.commands;
  if (unfinished_work_ == 0) first_submit_ = std::chrono::steady_clock::now();
  if (!check(functions.vkQueueSubmit(device_.queue(), 1, &info, portion.fence), "compute")) return;
  portion.is_running = true;
  unfinished_work_ += work_;
  work_ = 0;
  current_ = (current_ + 1) % portions_.size();
}

bool Commands::wait_for(Portion& portion) {
  if (!portion.is_running) return true;
  const Functions& functions = device_.functions();
  const VkResult result =
      functions.vkWaitForFences(device_.handle(), 1, &portion.fence, VK_TRUE, deadline_ns(device_.description()));
  is_stuck_ = result == VK_TIMEOUT;
  if (!check(result, "compute")) return false;
  portion.is_running = false;
  return check(functions.vkResetFences(device_.handle(), 1, &portion.fence), "compute");
}

Status Commands::wait() {
  submit();
  for (std::size_t i = 0; i < portions_.size() && !has_failed(); ++i)
    wait_for(portions_[(current_ + i) % portions_.size()]);
  if (has_failed()) return status_;
  // Small work says more about the overhead than about the device's speed.
  constexpr std::uint64_t kWorthMeasuring = 1'000'000;
  if (unfinished_work_ >= kWorthMeasuring) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - first_submit_;
    const double measured = static_cast<double>(unfinished_work_) / std::max(taken.count(), 1e-6);
    work_per_second_ = (work_per_second_ + measured) / 2;
  }
  unfinished_work_ = 0;
  staged_ = 0;
  return {};
}

void Commands::forget(VkBuffer buffer) {
  descriptors_.forget(buffer);
  pending_.erase(buffer);
}

}  // namespace facet::engine::vulkan
