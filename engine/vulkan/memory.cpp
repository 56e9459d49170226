#include "engine/vulkan/memory.h"

#include <algorithm>

#include "engine/vulkan/loader.h"

namespace facet::engine::vulkan {

// What a buffer asks of memory is the same for all: a small one shows the alignment and the type.
Result<std::unique_ptr<Memory>> Memory::open(const Device& device) {
  std::unique_ptr<Memory> memory(new Memory(device));
  FACET_ASSIGN_OR_RETURN(const VkBuffer handle, memory->create_handle(4, "set aside memory"));
  VkMemoryRequirements needs;
  device.functions().vkGetBufferMemoryRequirements(device.handle(), handle, &needs);
  device.functions().vkDestroyBuffer(device.handle(), handle, nullptr);
  FACET_ASSIGN_OR_RETURN(memory->device_type_, memory->memory_type(needs.memoryTypeBits, Place::Device));
  memory->alignment_ = needs.alignment;
  return memory;
}

Memory::~Memory() {
  for (const auto& [type, pool] : pools_)
    for (const Block& block : pool.blocks)
      device_.functions().vkFreeMemory(device_.handle(), block.memory, nullptr);
}

// Every device has a type that is visible and coherent for the host, and one that is local to itself.
Result<std::uint32_t> Memory::memory_type(std::uint32_t allowed, Place place) const {
  constexpr VkMemoryPropertyFlags kHost = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  std::vector<VkMemoryPropertyFlags> wishes;
  if (place == Place::Device) wishes = {VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0};
  if (place == Place::Upload) wishes = {kHost};
  if (place == Place::Readback) wishes = {kHost | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, kHost};
  const VkPhysicalDeviceMemoryProperties& memory = device_.memory();
  for (const VkMemoryPropertyFlags wish : wishes)
    for (std::uint32_t i = 0; i < memory.memoryTypeCount; ++i)
      if (((allowed >> i) & 1U) != 0 && (memory.memoryTypes[i].propertyFlags & wish) == wish) return i;
  return Error{Error::Code::Unsupported, "The graphics device '" + device_.description().name +
                                             "' has no memory of a kind that Facet needs; use the CPU."};
}

Result<VkBuffer> Memory::create_handle(std::uint64_t bytes, const std::string& purpose) const {
  VkBufferCreateInfo create{};
  create.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
  create.size = bytes;
  create.usage =
      VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  VkBuffer handle = VK_NULL_HANDLE;
  const VkResult result = device_.functions().vkCreateBuffer(device_.handle(), &create, nullptr, &handle);
  if (result != VK_SUCCESS) return vulkan_error(result, purpose);
  return handle;
}

Result<DeviceBuffer> Memory::create(std::uint64_t bytes, Place place, std::string_view name) {
  const Functions& functions = device_.functions();
  const std::string purpose = "set aside memory for " + std::string(name);
  DeviceBuffer buffer;
  buffer.bytes = std::max<std::uint64_t>(bytes, 4);
  FACET_ASSIGN_OR_RETURN(buffer.handle, create_handle(buffer.bytes, purpose));
  VkMemoryRequirements needs;
  functions.vkGetBufferMemoryRequirements(device_.handle(), buffer.handle, &needs);
  const Result<std::uint32_t> type = memory_type(needs.memoryTypeBits, place);
  if (type.ok()) buffer.type = *type;
  const Status taken = type.ok() ? take_part(needs, buffer) : Status(type.error());
  if (taken.ok()) {
    const VkDeviceMemory memory = pools_[buffer.type].blocks[buffer.part.block].memory;
    const VkResult result = functions.vkBindBufferMemory(device_.handle(), buffer.handle, memory, buffer.part.offset);
    if (result != VK_SUCCESS) {
      release(buffer);
      return vulkan_error(result, purpose);
    }
    device_.name(VK_OBJECT_TYPE_BUFFER, reinterpret_cast<std::uint64_t>(buffer.handle), name);
    return buffer;
  }
  functions.vkDestroyBuffer(device_.handle(), buffer.handle, nullptr);
  return taken.error().with_context("There is no room for " + std::string(name));
}

void Memory::release(DeviceBuffer& buffer) {
  if (buffer.handle == VK_NULL_HANDLE) return;
  device_.functions().vkDestroyBuffer(device_.handle(), buffer.handle, nullptr);
  pools_[buffer.type].layout.release(buffer.part);
  buffer = {};
}

Status Memory::take_part(const VkMemoryRequirements& needs, DeviceBuffer& buffer) {
  Pool& pool = pools_[buffer.type];
  auto part = pool.layout.take(needs.size, needs.alignment);
  if (!part) {
    const std::uint64_t wanted = pool.layout.next_block(needs.size);
    VkResult result = add_block(pool, buffer.type, wanted, needs.size);
    // What does not fit as a whole block may fit by itself.
    if (result != VK_SUCCESS && wanted > needs.size) result = add_block(pool, buffer.type, needs.size, needs.size);
    if (result != VK_SUCCESS) return vulkan_error(result, "set aside memory");
    part = pool.layout.take(needs.size, needs.alignment);
  }
  if (!part)
    return Error{Error::Code::Internal, "The graphics driver gave less memory than it was asked for; use the CPU."};
  buffer.part = *part;
  std::byte* const mapped = pool.blocks[part->block].mapped;
  buffer.mapped = mapped == nullptr ? nullptr : mapped + part->offset;
  return {};
}

VkResult Memory::add_block(Pool& pool, std::uint32_t type, std::uint64_t bytes, std::uint64_t part_bytes) {
  const Functions& functions = device_.functions();
  Block block;
  VkMemoryAllocateInfo allocate{};
  allocate.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
  allocate.allocationSize = bytes;
  allocate.memoryTypeIndex = type;
  VkResult result = functions.vkAllocateMemory(device_.handle(), &allocate, nullptr, &block.memory);
  if (result != VK_SUCCESS) return result;
  constexpr VkMemoryPropertyFlags kHost = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  if ((device_.memory().memoryTypes[type].propertyFlags & kHost) == kHost) {
    void* mapped = nullptr;
    result = functions.vkMapMemory(device_.handle(), block.memory, 0, VK_WHOLE_SIZE, 0, &mapped);
    if (result != VK_SUCCESS) {
      functions.vkFreeMemory(device_.handle(), block.memory, nullptr);
      return result;
    }
    block.mapped = static_cast<std::byte*>(mapped);
  }
  pool.layout.add_block(bytes, part_bytes);
  pool.blocks.push_back(block);
  return VK_SUCCESS;
}

// Blocks that the host writes to may lie there, too.
std::uint64_t Memory::taken_bytes() const {
  const auto heap_of = [&](std::uint32_t type) { return device_.memory().memoryTypes[type].heapIndex; };
  std::uint64_t bytes = 0;
  for (const auto& [type, pool] : pools_)
    if (heap_of(type) == heap_of(device_type_)) bytes += pool.layout.bytes();
  return bytes;
}

std::uint64_t Memory::bytes_with(std::span<const std::uint64_t> buffers) const {
  const auto pool = pools_.find(device_type_);
  BlockLayout layout = pool == pools_.end() ? BlockLayout() : pool->second.layout;
  const std::uint64_t before = layout.bytes();
  for (const std::uint64_t buffer : buffers) {
    const std::uint64_t bytes = (std::max<std::uint64_t>(buffer, 4) + alignment_ - 1) / alignment_ * alignment_;
    if (layout.take(bytes, alignment_)) continue;
    layout.add_block(layout.next_block(bytes), bytes);
    layout.take(bytes, alignment_);
  }
  return taken_bytes() + layout.bytes() - before;
}

}  // namespace facet::engine::vulkan
