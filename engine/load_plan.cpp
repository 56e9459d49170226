#include "engine/load_plan.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "engine/cpu/cpu_backend.h"
#include "engine/cpu/fastest_kernels.h"
#include "engine/gguf/gguf_file.h"
#include "engine/model/planner.h"
#include "engine/placed/placed_backend.h"
#include "engine/trial/kernel_use.h"

namespace facet::engine {
namespace {

constexpr std::uint32_t kDefaultContext = 8192;

int thread_count(int wanted) {
  constexpr int kMost = 256;
  if (wanted > 0) return std::min(wanted, kMost);
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMost);
}

Result<std::uint32_t> choose_context(std::uint32_t wanted, const ModelConfig& config) {
  if (wanted == 0) return std::min(config.trained_context_length, kDefaultContext);
  if (wanted > config.trained_context_length)
    return Error{Error::Code::InvalidInput, "A context of " + std::to_string(wanted) +
                                                " tokens is more than this model was trained for (" +
                                                std::to_string(config.trained_context_length) + ")."};
  return wanted;
}

Format choose_cache_format(CacheFormat wanted, Products products) {
  switch (wanted) {
    case CacheFormat::F32:
      return Format::F32;
    case CacheFormat::F16:
      return Format::F16;
    case CacheFormat::Q8_0:
      return Format::Q8_0;
    case CacheFormat::Automatic:
      break;
  }
  return products == Products::Int8 ? Format::F16 : Format::F32;
}

Result<const Kernels*> choose_kernels(const std::string& name) {
  const Kernels* kernels = name.empty() ? &fastest_kernels() : find_kernels(name);
  if (kernels != nullptr) return kernels;
  std::string names;
  for (const std::string& usable : instruction_sets())
    names += (names.empty() ? "" : ", ") + usable;
  return Error{Error::Code::InvalidInput, "This machine has no '" + name + "' instructions; it has " + names + "."};
}

std::uint64_t sequences_on(const DeviceMemory& device) {
  if (!device.is_gpu || device.cache_bytes == 0 || device.budget_bytes == 0) return UINT64_MAX;
  return 1 + (device.budget_bytes - std::min(device.budget_bytes, device.total_bytes)) / device.cache_bytes;
}

MemoryPlan count_memory(const LoadPlan& plan, const ModelNeeds& needs, const Devices& devices) {
  MemoryPlan memory;
  memory.weight_bytes = needs.weight_bytes;
  for (const NeededWeight& weight : needs.parts.weights)
    if (weight.use == WeightUse::Table) memory.table_bytes += weight.tensor->data.size();
  memory.cache_bytes = needs.parts.caches.bytes();
  for (const Side side : {Side::Gpu, Side::Cpu}) {
    const auto& device = side == Side::Gpu ? devices.gpu : devices.cpu;
    if (device == nullptr || !plan.placement.uses(side)) continue;
    memory.devices.push_back(memory_of(needs.parts, plan.placement, side, *device));
    memory.devices.back().budget_bytes = side == Side::Gpu ? plan.gpu_budget : device->unused_bytes();
    memory.sequences = std::min(memory.sequences, sequences_on(memory.devices.back()));
    memory.activation_bytes += memory.devices.back().activation_bytes + device->working_bytes(needs.parts.operands);
  }
  return memory;
}

std::uint64_t budget_of(const Devices& devices, const EngineOptions& options) {
  if (devices.gpu == nullptr) return 0;
  return options.gpu_memory_bytes != 0 ? options.gpu_memory_bytes : devices.gpu->unused_bytes();
}

// Of what is multiplied with, by what a device says of its memory before it is opened.
double part_on(const VulkanDevice& device, const ModelNeeds& needs, const EngineOptions& options) {
  std::uint64_t needed = needs.parts.caches.bytes();
  for (const NeededWeight& weight : needs.parts.weights)
    if (weight.use == WeightUse::Matrix) needed += weight.tensor->data.size();
  const std::uint64_t unused = device.unused_bytes != 0 ? device.unused_bytes : device.memory_bytes / 5 * 4;
  const std::uint64_t budget = options.gpu_memory_bytes != 0 ? options.gpu_memory_bytes : unused;
  return budget >= needed ? 1 : static_cast<double>(budget) / static_cast<double>(needed);
}

}  // namespace

Products choose_products(Precision precision, std::uint64_t weight_bytes) {
  constexpr std::uint64_t kLarge = 256U << 20U;
  const bool fast = precision == Precision::Fast || (precision == Precision::Automatic && weight_bytes >= kLarge);
  return fast ? Products::Int8 : Products::Float32;
}

DeviceTrial trial_of(const VulkanDevice& device, const GgufFile& file, const ModelConfig& config,
                     const ModelNeeds& needs, bool only_if_faster) {
  const Format cache = needs.parts.caches.format;
  const bool may_round = needs.products == Products::Int8;
  return {device, file.path(), cache, describe(kernel_use(file, config, cache, may_round)), may_round, only_if_faster};
}

Result<std::vector<Rung>> choose_rungs(const GgufFile& file, const ModelConfig& config, const ModelNeeds& needs,
                                       const EngineOptions& options) {
  const bool can_judge = options.try_device != nullptr;
  const bool is_automatic = !vulkan_device_in(options.backend);
  if (!can_judge || options.gpu_layers == 0U) return find_rungs(options.backend, can_judge);
  return find_able_rungs(options.backend,
                         {[&](const VulkanDevice& device) {
                            return options.try_device(trial_of(device, file, config, needs, is_automatic));
                          },
                          [&](const VulkanDevice& device) { return part_on(device, needs, options); }});
}

EncoderBackend* Devices::of_encoders(const Placement& placement) const {
  if (!placement.encoders) return nullptr;
  return placement.encoders == Side::Gpu ? gpu.get() : cpu.get();
}

std::unique_ptr<Backend> Devices::join(const Placement& placement) && {
  if (!placement.uses(Side::Gpu)) return std::move(cpu);
  if (!placement.uses(Side::Cpu)) return std::move(gpu);
  return std::make_unique<PlacedBackend>(std::move(cpu), std::move(gpu), placement);
}

Result<std::unique_ptr<DeviceBackend>> open_cpu(const EngineOptions& options, Products products) {
  FACET_ASSIGN_OR_RETURN(const Kernels* const kernels, choose_kernels(options.kernels));
  return std::unique_ptr<DeviceBackend>(
      std::make_unique<CpuBackend>(thread_count(options.threads), products, *kernels));
}

Result<ModelNeeds> needs_of(const GgufFile& file, const ModelConfig& config, const WeightCount& weights,
                            const Projector* projector, const EngineOptions& options) {
  ModelNeeds needs;
  needs.weight_bytes = weights.bytes + (projector == nullptr ? 0 : projector->bytes);
  needs.products = choose_products(options.precision, weights.bytes);
  FACET_ASSIGN_OR_RETURN(needs.cache.context, choose_context(options.context_length, config));
  needs.cache.rewind_length = options.rewind_length;
  needs.cache.format = choose_cache_format(options.cache_format, needs.products);
  // A picture that sees itself is evaluated at once, whatever its budget.
  if (projector != nullptr && projector->vision && config.pictures_see_themselves())
    needs.cache.largest_block = kLargestImageBudget;
  FACET_ASSIGN_OR_RETURN(needs.parts, ModelParts::list(file, config, needs.cache, projector));
  return needs;
}

Result<LoadPlan> plan_load(const ModelNeeds& needs, const ModelConfig& config, const EngineOptions& options,
                           const Devices& devices) {
  LoadPlan plan;
  plan.gpu_budget = budget_of(devices, options);
  plan.placement = Placement::all_on(Side::Cpu, config);
  if (needs.parts.encoders) plan.placement.encoders = Side::Cpu;
  if (devices.gpu != nullptr) {
    FACET_ASSIGN_OR_RETURN(plan.placement,
                           plan_placement(config, needs.parts, *devices.gpu,
                                          {plan.gpu_budget, options.gpu_layers, options.gpu_expert_bytes}));
  }
  place_matrices(needs.parts, plan.placement, devices.cpu->unused_bytes(), *devices.cpu);
  plan.memory = count_memory(plan, needs, devices);
  return plan;
}

}  // namespace facet::engine
