#pragma once

#include <array>
#include <map>
#include <memory>
#include <utility>

#include "engine/base/result.h"
#include "engine/vulkan/device.h"
#include "engine/vulkan/kernels.h"
#include "engine/vulkan/shaders/params.h"

namespace facet::engine::vulkan {

// Buffers that a kernel gets.
inline constexpr std::uint32_t kBindings = FACET_BINDINGS;
inline constexpr std::uint32_t kParamBytes = 128;

// Pipelines, made when they are first asked for. All have one layout: its storage buffers and 128 bytes of parameters.
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
  std::map<std::pair<const Shader*, std::array<std::uint32_t, kConstants>>, VkPipeline> pipelines_;
};

}  // namespace facet::engine::vulkan
