#include "engine/model/planner.h"

#include <algorithm>
#include <array>
#include <string>

namespace facet::engine {
namespace {

class Planner {
 public:
  Planner(const ModelConfig& config, const ModelParts& parts, const DeviceBackend& gpu, std::uint64_t budget_bytes)
      : config_(config), parts_(parts), gpu_(gpu), budget_bytes_(budget_bytes) {}

  Placement as_much_as_fits() const {
    // The matrix of the head is read by every token, like those of a layer: it goes first.
    for (const Side head : {Side::Gpu, Side::Cpu}) {
      const std::uint32_t whole = most_layers(head, Side::Gpu);
      if (whole < config_.layer_count() && config_.expert_count > 0) {
        const std::uint32_t without = most_layers(head, Side::Cpu);
        if (without > whole) return with_experts(last_on_gpu(without, head, Side::Cpu));
      }
      if (whole > 0) return last_on_gpu(whole, head, Side::Gpu);
    }
    return Placement::all_on(Side::Cpu, config_);
  }

  Result<Placement> with_layers(std::uint32_t count) const {
    if (count == 0) return Placement::all_on(Side::Cpu, config_);
    for (const auto& [head, experts] :
         {std::pair{Side::Gpu, Side::Gpu}, {Side::Gpu, Side::Cpu}, {Side::Cpu, Side::Cpu}}) {
      const Placement placement = last_on_gpu(count, head, experts);
      if (fits(placement)) return with_experts(placement);
    }
    const DeviceMemory least = memory_of(parts_, last_on_gpu(count, Side::Cpu, Side::Cpu), Side::Gpu, gpu_);
    if (least.has_too_large_buffers)
      return Error{Error::Code::OutOfMemory,
                   "The graphics device takes no more than " + std::to_string(gpu_.largest_buffer() >> 20U) +
                       " MiB at once, and the keys of a layer need more; take a shorter context."};
    return Error{Error::Code::OutOfMemory,
                 std::to_string(count) + " layers need " + std::to_string(least.total_bytes >> 20U) +
                     " MiB of the graphics device's memory, of which " + std::to_string(budget_bytes_ >> 20U) +
                     " MiB may be used; take fewer layers or a shorter context."};
  }

 private:
  Placement last_on_gpu(std::uint32_t count, Side head, Side experts) const {
    return Placement::last_on_gpu(config_, count, head, experts);
  }
  bool fits(const Placement& placement) const {
    const DeviceMemory memory = memory_of(parts_, placement, Side::Gpu, gpu_);
    return memory.total_bytes <= budget_bytes_ && !memory.has_too_large_buffers;
  }

  // The largest number of layers that fits: more of them never take less.
  std::uint32_t most_layers(Side head, Side experts) const {
    std::uint32_t most = 0;
    for (std::uint32_t above = config_.layer_count() + 1; above - most > 1;) {
      const std::uint32_t middle = most + (above - most) / 2;
      (fits(last_on_gpu(middle, head, experts)) ? most : above) = middle;
    }
    return most;
  }

  // Lets the experts of the last layers follow, as long as they fit.
  Placement with_experts(Placement placement) const {
    for (auto layer = placement.layers.rbegin(); layer != placement.layers.rend() && layer->side == Side::Gpu;
         ++layer) {
      if (layer->experts == Side::Gpu) continue;
      layer->experts = Side::Gpu;
      if (fits(placement)) continue;
      layer->experts = Side::Cpu;
      break;
    }
    return placement;
  }

  const ModelConfig& config_;
  const ModelParts& parts_;
  const DeviceBackend& gpu_;
  std::uint64_t budget_bytes_;
};

}  // namespace

Result<Placement> plan_placement(const ModelConfig& config, const ModelParts& parts, const DeviceBackend& gpu,
                                 const GpuOrder& order) {
  const Planner planner(config, parts, gpu, order.budget_bytes);
  if (!order.layers) return planner.as_much_as_fits();
  return planner.with_layers(std::min(*order.layers, config.layer_count()));
}

}  // namespace facet::engine
