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

// Pipelines, made when they are first asked for, or taken from what an earlier start has kept. All have one layout: its
// storage buffers and 128 bytes of parameters.
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

  void create_cache();
  void keep_cache() const;

  const Device& device_;
  VkPipelineCache cache_ = VK_NULL_HANDLE;
  std::size_t cache_bytes_ = 0;  // when it was read
  VkDescriptorSetLayout set_layout_ = VK_NULL_HANDLE;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  std::map<std::pair<const Shader*, std::array<std::uint32_t, kConstants>>, VkPipeline> pipelines_;
};

}  // namespace facet::engine::vulkan
