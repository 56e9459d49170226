#include "engine/vulkan/descriptors.h"

#include <algorithm>

#include "engine/vulkan/loader.h"

namespace facet::engine::vulkan {
namespace {

constexpr std::uint32_t kSetsPerPool = 256;

}  // namespace

Descriptors::~Descriptors() {
  for (const VkDescriptorPool pool : pools_)
    device_.functions().vkDestroyDescriptorPool(device_.handle(), pool, nullptr);
}

Result<VkDescriptorSet> Descriptors::get(const BoundBuffers& buffers) {
  if (const auto found = sets_.find(buffers); found != sets_.end()) return found->second;
  FACET_ASSIGN_OR_RETURN(const VkDescriptorSet set, take_set());
  std::array<VkDescriptorBufferInfo, kBindings> infos{};
  std::array<VkWriteDescriptorSet, kBindings> writes{};
  for (std::uint32_t i = 0; i < kBindings; ++i) {
    infos[i] = {buffers[i], 0, VK_WHOLE_SIZE};
    writes[i].sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
    writes[i].dstSet = set;
    writes[i].dstBinding = i;
    writes[i].descriptorCount = 1;
    writes[i].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    writes[i].pBufferInfo = &infos[i];
  }
  device_.functions().vkUpdateDescriptorSets(device_.handle(), kBindings, writes.data(), 0, nullptr);
  sets_.emplace(buffers, set);
  return set;
}

void Descriptors::forget(VkBuffer buffer) {
  for (auto at = sets_.begin(); at != sets_.end();) {
    if (std::find(at->first.begin(), at->first.end(), buffer) == at->first.end()) {
      ++at;
      continue;
    }
    unused_.push_back(at->second);
    at = sets_.erase(at);
  }
}

Result<VkDescriptorSet> Descriptors::take_set() {
  if (!unused_.empty()) {
    const VkDescriptorSet set = unused_.back();
    unused_.pop_back();
    return set;
  }
  const Functions& functions = device_.functions();
  if (left_in_pool_ == 0) {
    const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, kSetsPerPool * kBindings};
    VkDescriptorPoolCreateInfo create{};
    create.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO;
    create.maxSets = kSetsPerPool;
    create.poolSizeCount = 1;
    create.pPoolSizes = &size;
    VkDescriptorPool pool = VK_NULL_HANDLE;
    const VkResult result = functions.vkCreateDescriptorPool(device_.handle(), &create, nullptr, &pool);
    if (result != VK_SUCCESS) return vulkan_error(result, "describe buffers");
    pools_.push_back(pool);
    left_in_pool_ = kSetsPerPool;
  }
  const VkDescriptorSetLayout layout = pipelines_.set_layout();
  VkDescriptorSetAllocateInfo allocate{};
  allocate.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO;
  allocate.descriptorPool = pools_.back();
  allocate.descriptorSetCount = 1;
  allocate.pSetLayouts = &layout;
  VkDescriptorSet set = VK_NULL_HANDLE;
  const VkResult result = functions.vkAllocateDescriptorSets(device_.handle(), &allocate, &set);
  if (result != VK_SUCCESS) return vulkan_error(result, "describe buffers");
  --left_in_pool_;
  return set;
}

}  // namespace facet::engine::vulkan
