#pragma once

#include <array>
#include <map>
#include <vector>

#include "engine/base/result.h"
#include "engine/vulkan/pipelines.h"

namespace facet::engine::vulkan {

using BoundBuffers = std::array<VkBuffer, kBindings>;

// One descriptor set for each combination of buffers that ever came: a model uses the same few hundred with every
// token, so nothing is written twice.
class Descriptors {
 public:
  Descriptors(const Device& device, const Pipelines& pipelines) : device_(device), pipelines_(pipelines) {}
  ~Descriptors();
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;

  Result<VkDescriptorSet> get(const BoundBuffers& buffers);
  // The buffer is about to go, and the device no longer uses it.
  void forget(VkBuffer buffer);

 private:
  Result<VkDescriptorSet> take_set();

  const Device& device_;
  const Pipelines& pipelines_;
  std::vector<VkDescriptorPool> pools_;
  std::uint32_t left_in_pool_ = 0;
  std::vector<VkDescriptorSet> unused_;
  std::map<BoundBuffers, VkDescriptorSet> sets_;
};

}  // namespace facet::engine::vulkan
