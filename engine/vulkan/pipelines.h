#pragma once

#include <array>
#include <map>
#include <memory>
#include <tuple>

#include "engine/base/result.h"
#include "engine/vulkan/device.h"
#include "engine/vulkan/kernels.h"

namespace facet::engine::vulkan {

// Buffers that a kernel gets: as many as every device allows.
inline constexpr std::uint32_t kBindings = 4;
inline constexpr std::uint32_t kParamBytes = 128;

// Pipelines, made when they are first asked for. All have one layout: four storage buffers and 128 bytes of parameters.
class Pipelines {
 public:
  static Result<std::unique_ptr<Pipelines>> create(const Device& device);
  ~Pipelines();
  Pipelines(const Pipelines&) = delete;
  Pipelines& operator=(const Pipelines&) = delete;

  VkPipelineLayout layout() const { return layout_; }
  VkDescriptorSetLayout set_layout() const { return set_layout_; }
  Result<VkPipeline> get(const Kernel& kernel);

 private:
  explicit Pipelines(const Device& device) : device_(device) {}
  Status create_layouts();
  Result<VkPipeline> build(const Kernel& kernel) const;

  const Device& device_;
  VkDescriptorSetLayout set_layout_ = VK_NULL_HANDLE;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  std::map<std::tuple<const Shader*, std::uint32_t, std::uint32_t>, VkPipeline> pipelines_;
};

}  // namespace facet::engine::vulkan
