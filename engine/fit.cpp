#include <algorithm>
#include <string>
#include <utility>

#include "engine/device_ladder.h"
#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/load_plan.h"
#include "engine/media/opened_projector.h"
#include "engine/model/describe.h"
#include "engine/trial/device_trial.h"
#include "engine/trial/kernel_use.h"

// What `facet models fit` shows: the plan that loading would go by, and how far it could be stretched.
namespace facet::engine {
namespace {

CacheFormat cache_format_of(Format format) {
  if (format == Format::Q8_0) return CacheFormat::Q8_0;
  return format == Format::F16 ? CacheFormat::F16 : CacheFormat::F32;
}

std::string mib(std::uint64_t bytes) {
  return std::to_string((bytes + (1U << 20U) - 1) >> 20U) + " MiB";
}

bool fits(const DeviceMemory& memory) {
  if (memory.has_too_large_buffers) return false;
  return memory.budget_bytes == 0 || memory.total_bytes <= memory.budget_bytes;
}

// A model's plan, and what it was made of.
struct Planned {
  const ModelConfig& config;
  ModelNeeds needs;
  Devices devices;
  LoadPlan plan;
};

// Whether the same layers fit the same devices with another context. Experts that are only there because there is room
// make way.
bool fits_with(Planned& planned, std::uint32_t context) {
  const LoadPlan& plan = planned.plan;
  const Placement placement = plan.placement.with_held_experts(0, planned.config.expert_count);
  CacheOrder order = planned.needs.cache;
  order.context = context;
  planned.needs.parts.set_cache(planned.config, order);
  return std::all_of(plan.memory.devices.begin(), plan.memory.devices.end(), [&](const DeviceMemory& device) {
    const Side side = device.is_gpu ? Side::Gpu : Side::Cpu;
    if (!device.is_gpu) place_matrices(planned.needs.parts, placement, device.budget_bytes, *planned.devices.cpu);
    DeviceMemory memory =
        memory_of(planned.needs.parts, placement, side, device.is_gpu ? *planned.devices.gpu : *planned.devices.cpu);
    memory.budget_bytes = device.budget_bytes;
    return fits(memory);
  });
}

std::uint32_t largest_context(Planned& planned) {
  std::uint32_t most = 0;
  for (std::uint32_t above = planned.config.trained_context_length + 1; above - most > 1;) {
    const std::uint32_t middle = most + (above - most) / 2;
    (fits_with(planned, middle) ? most : above) = middle;
  }
  return most;
}

// The first device that loading would try and that is trusted.
Result<std::unique_ptr<DeviceBackend>> open_gpu(const GgufFile& file, const ModelConfig& config,
                                                const ModelNeeds& needs, const EngineOptions& options) {
  FACET_ASSIGN_OR_RETURN(const std::vector<Rung> rungs, choose_rungs(file, config, needs, options));
  for (const Rung& rung : rungs) {
    if (!rung.device || !rung.is_asked_for || options.gpu_layers == 0U) continue;
    DeviceVerdict verdict;
    if (options.try_device) {
      verdict = rung.verdict
                    ? *rung.verdict
                    : options.try_device(trial_of(*rung.device, file, config, needs, /*only_if_faster=*/false));
      if (verdict.form.empty()) continue;
    }
    return open_vulkan(std::to_string(rung.device->index), verdict.form);
  }
  return std::unique_ptr<DeviceBackend>();
}

const DeviceMemory* too_small(const MemoryPlan& memory) {
  const auto found = std::find_if_not(memory.devices.begin(), memory.devices.end(), fits);
  return found == memory.devices.end() ? nullptr : &*found;
}

std::string refusal(const DeviceMemory& device, std::uint32_t largest_context) {
  const std::string way = largest_context > 0 ? "a context of " + std::to_string(largest_context) + " tokens fits."
                                              : std::string("a smaller model, or one in fewer bits, needs less.");
  return "It does not fit: '" + device.device + "' has " + mib(device.budget_bytes) + " unused and " +
         mib(device.total_bytes) + " are needed; " + way;
}

std::string remark_on(const LoadPlan& plan, bool has_gpu) {
  if (has_gpu && !plan.placement.uses(Side::Gpu))
    return "The graphics device has " + mib(plan.gpu_budget) +
           " unused, too little for a single layer, so the CPU computes everything.";
  for (const DeviceMemory& device : plan.memory.devices)
    if (device.budget_bytes != 0 && device.mapped_bytes + device.total_bytes > device.budget_bytes)
      return "It runs slowly: its weights take " + mib(device.mapped_bytes) + ", more than the " +
             mib(device.budget_bytes - device.total_bytes) +
             " that are left for them, so they are read from the disk again and again.";
  return {};
}

}  // namespace

Result<FitReport> fit_model(const GgufFile& file, const EngineOptions& options) {
  FACET_ASSIGN_OR_RETURN(const ModelConfig config, read_config(file));
  FACET_ASSIGN_OR_RETURN(const WeightCount weights, check_weights(file, config));
  FACET_ASSIGN_OR_RETURN(const OpenedProjector projector, open_projector(file, config, options.projector));
  FACET_ASSIGN_OR_RETURN(ModelNeeds needs, needs_of(file, config, weights, projector.get(), options));
  Devices devices;
  FACET_ASSIGN_OR_RETURN(devices.cpu, open_cpu(options, needs.products));
  FACET_ASSIGN_OR_RETURN(devices.gpu, open_gpu(file, config, needs, options));
  FACET_ASSIGN_OR_RETURN(LoadPlan plan, plan_load(needs, config, options, devices));
  FitReport report;
  report.model = describe(file, config, weights);
  report.memory = plan.memory;
  report.experts = std::uint64_t{config.expert_count} * config.layer_count();
  report.context = needs.cache.context;
  report.cache_format = cache_format_of(needs.parts.caches.format);
  report.remark = remark_on(plan, devices.gpu != nullptr);
  Planned planned{config, std::move(needs), std::move(devices), std::move(plan)};
  report.largest_context = largest_context(planned);
  if (const DeviceMemory* device = too_small(report.memory)) {
    report.fits = false;
    report.remark = refusal(*device, report.largest_context);
  }
  return report;
}

}  // namespace facet::engine
