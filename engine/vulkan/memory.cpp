#include "engine/vulkan/memory.h"

#include <algorithm>
#include <iterator>

#include "engine/vulkan/loader.h"

namespace facet::engine::vulkan {
namespace {

constexpr std::uint64_t kBlockBytes = 64ULL << 20U;

}  // namespace

Memory::~Memory() {
  for (const Block& block : blocks_)
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

Result<DeviceBuffer> Memory::create(std::uint64_t bytes, Place place, std::string_view name) {
  const Functions& functions = device_.functions();
  DeviceBuffer buffer;
  buffer.bytes = std::max<std::uint64_t>(bytes, 4);
  VkBufferCreateInfo create{};
  create.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
  create.size = buffer.bytes;
  create.usage =
      VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  const std::string purpose = "set aside memory for " + std::string(name);
  if (const VkResult result = functions.vkCreateBuffer(device_.handle(), &create, nullptr, &buffer.handle);
      result != VK_SUCCESS)
    return vulkan_error(result, purpose);
  VkMemoryRequirements needs;
  functions.vkGetBufferMemoryRequirements(device_.handle(), buffer.handle, &needs);
  const Result<std::uint32_t> type = memory_type(needs.memoryTypeBits, place);
  Status taken = type.ok() ? take_part(needs, *type, buffer) : Status(type.error());
  if (taken.ok()) {
    const VkResult result =
        functions.vkBindBufferMemory(device_.handle(), buffer.handle, blocks_[buffer.block].memory, buffer.offset);
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
  auto& free = blocks_[buffer.block].free;
  auto part = free.emplace(buffer.offset, buffer.room).first;
  if (const auto next = std::next(part); next != free.end() && part->first + part->second == next->first) {
    part->second += next->second;
    free.erase(next);
  }
  if (part != free.begin()) {
    const auto previous = std::prev(part);
    if (previous->first + previous->second == part->first) {
      previous->second += part->second;
      free.erase(part);
    }
  }
  buffer = {};
}

Status Memory::take_part(const VkMemoryRequirements& needs, std::uint32_t type, DeviceBuffer& buffer) {
  for (std::uint32_t i = 0; i < blocks_.size(); ++i)
    if (blocks_[i].type == type && take_part_of(i, needs, buffer)) return {};
  VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
  if (needs.size <= kBlockBytes) result = add_block(kBlockBytes, type);
  // A block of its own for what is large, and for the last that still fits.
  if (result != VK_SUCCESS) result = add_block(needs.size, type);
  if (result != VK_SUCCESS) return vulkan_error(result, "set aside memory");
  if (!take_part_of(static_cast<std::uint32_t>(blocks_.size() - 1), needs, buffer))
    return Error{Error::Code::Internal, "The graphics driver gave less memory than it was asked for; use the CPU."};
  return {};
}

bool Memory::take_part_of(std::uint32_t block, const VkMemoryRequirements& needs, DeviceBuffer& buffer) {
  auto& free = blocks_[block].free;
  for (const auto& [offset, size] : free) {
    const std::uint64_t begin = (offset + needs.alignment - 1) / needs.alignment * needs.alignment;
    if (begin + needs.size > offset + size) continue;
    const std::uint64_t end = offset + size;
    const std::uint64_t first = offset;
    free.erase(first);
    if (begin > first) free.emplace(first, begin - first);
    if (begin + needs.size < end) free.emplace(begin + needs.size, end - begin - needs.size);
    buffer.block = block;
    buffer.offset = begin;
    buffer.room = needs.size;
    buffer.mapped = blocks_[block].mapped == nullptr ? nullptr : blocks_[block].mapped + begin;
    return true;
  }
  return false;
}

VkResult Memory::add_block(std::uint64_t bytes, std::uint32_t type) {
  const Functions& functions = device_.functions();
  Block block;
  block.type = type;
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
  block.free.emplace(0, bytes);
  blocks_.push_back(std::move(block));
  return VK_SUCCESS;
}

}  // namespace facet::engine::vulkan
