#include "engine/vulkan/pipelines.h"

#include "engine/vulkan/loader.h"
#include "engine/vulkan/pipeline_cache.h"

namespace facet::engine::vulkan {

Result<std::unique_ptr<Pipelines>> Pipelines::create(const Device& device) {
  std::unique_ptr<Pipelines> pipelines(new Pipelines(device));
  FACET_RETURN_IF_ERROR(pipelines->create_layouts());
  pipelines->create_cache();
  return pipelines;
}

Pipelines::~Pipelines() {
  const Functions& functions = device_.functions();
  if (cache_ != VK_NULL_HANDLE) {
    keep_cache();
    functions.vkDestroyPipelineCache(device_.handle(), cache_, nullptr);
  }
  for (const auto& [key, pipeline] : pipelines_)
    functions.vkDestroyPipeline(device_.handle(), pipeline, nullptr);
  functions.vkDestroyPipelineLayout(device_.handle(), layout_, nullptr);
  functions.vkDestroyDescriptorSetLayout(device_.handle(), set_layout_, nullptr);
}

Status Pipelines::create_layouts() {
  std::array<VkDescriptorSetLayoutBinding, kBindings> bindings{};
  for (std::uint32_t i = 0; i < kBindings; ++i)
    bindings[i] = {i, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, nullptr};
  VkDescriptorSetLayoutCreateInfo set{};
  set.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO;
  set.bindingCount = kBindings;
  set.pBindings = bindings.data();
  VkResult result = device_.functions().vkCreateDescriptorSetLayout(device_.handle(), &set, nullptr, &set_layout_);
  if (result != VK_SUCCESS) return vulkan_error(result, "describe the kernels' buffers");
  const VkPushConstantRange params{VK_SHADER_STAGE_COMPUTE_BIT, 0, kParamBytes};
  VkPipelineLayoutCreateInfo layout{};
  layout.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO;
  layout.setLayoutCount = 1;
  layout.pSetLayouts = &set_layout_;
  layout.pushConstantRangeCount = 1;
  layout.pPushConstantRanges = &params;
  result = device_.functions().vkCreatePipelineLayout(device_.handle(), &layout, nullptr, &layout_);
  if (result != VK_SUCCESS) return vulkan_error(result, "describe the kernels' parameters");
  return {};
}

// Without one every kernel is compiled, which is no failure.
void Pipelines::create_cache() {
  const std::vector<std::byte> kept = read_pipeline_cache(pipeline_cache_file(device_));
  VkPipelineCacheCreateInfo create{};
  create.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO;
  create.initialDataSize = kept.size();
  create.pInitialData = kept.data();
  if (device_.functions().vkCreatePipelineCache(device_.handle(), &create, nullptr, &cache_) != VK_SUCCESS)
    cache_ = VK_NULL_HANDLE;
  cache_bytes_ = kept.size();
}

void Pipelines::keep_cache() const {
  const Functions& functions = device_.functions();
  std::size_t bytes = 0;
  if (functions.vkGetPipelineCacheData(device_.handle(), cache_, &bytes, nullptr) != VK_SUCCESS) return;
  // Caches only grow: one of the same length has nothing new.
  if (bytes == cache_bytes_) return;
  std::vector<std::byte> data(bytes);
  if (functions.vkGetPipelineCacheData(device_.handle(), cache_, &bytes, data.data()) != VK_SUCCESS) return;
  data.resize(bytes);
  write_pipeline_cache(pipeline_cache_file(device_), data);
}

Result<VkPipeline> Pipelines::get(const Kernel& kernel) {
  const std::pair key{kernel.shader, kernel.constants};
  if (const auto found = pipelines_.find(key); found != pipelines_.end()) return found->second;
  FACET_ASSIGN_OR_RETURN(const VkPipeline pipeline, build(kernel));
  pipelines_.emplace(key, pipeline);
  return pipeline;
}

Result<VkPipeline> Pipelines::build(const Kernel& kernel) const {
  const Functions& functions = device_.functions();
  const std::string purpose = std::string("prepare the kernel '") + kernel.shader->name + "'";
  VkShaderModuleCreateInfo code{};
  code.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO;
  code.codeSize = kernel.shader->code.size_bytes();
  code.pCode = kernel.shader->code.data();
  VkShaderModule module = VK_NULL_HANDLE;
  VkResult result = functions.vkCreateShaderModule(device_.handle(), &code, nullptr, &module);
  if (result != VK_SUCCESS) return vulkan_error(result, purpose);

  std::array<VkSpecializationMapEntry, kConstants> entries{};
  for (std::uint32_t i = 0; i < kConstants; ++i)
    entries[i] = {i, static_cast<std::uint32_t>(i * sizeof(std::uint32_t)), sizeof(std::uint32_t)};
  const VkSpecializationInfo constants{entries.size(), entries.data(), sizeof kernel.constants,
                                       kernel.constants.data()};
  VkComputePipelineCreateInfo create{};
  create.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
  create.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  create.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  create.stage.module = module;
  create.stage.pName = "main";
  create.stage.pSpecializationInfo = &constants;
  create.layout = layout_;
  VkPipeline pipeline = VK_NULL_HANDLE;
  result = functions.vkCreateComputePipelines(device_.handle(), cache_, 1, &create, nullptr, &pipeline);
  functions.vkDestroyShaderModule(device_.handle(), module, nullptr);
  if (result != VK_SUCCESS) return vulkan_error(result, purpose);
  device_.name(VK_OBJECT_TYPE_PIPELINE, reinterpret_cast<std::uint64_t>(pipeline), kernel.shader->name);
  return pipeline;
}

}  // namespace facet::engine::vulkan
