#include "engine/model/planner.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace facet::engine {
namespace {

class Planner {
 public:
  Planner(const ModelConfig& config, const ModelParts& parts, const DeviceBackend& gpu, const GpuOrder& order)
      : config_(config),
        parts_(parts),
        gpu_(gpu),
        budget_bytes_(order.budget_bytes),
        expert_bytes_(order.expert_bytes) {}

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

  // The encoders of pictures and sound follow if the whole model is there and they fit beside it: a token asks for all
  // layers, and for no encoder.
  Placement with_encoders(Placement placement) const {
    if (!parts_.encoders) return placement;
    placement.encoders = Side::Cpu;
    const bool has_all =
        placement.head == Side::Gpu &&
        std::all_of(placement.layers.begin(), placement.layers.end(), [](const Placement::Layer& layer) {
          return layer.side == Side::Gpu && layer.experts == Side::Gpu;
        });
    if (!has_all) return placement;
    placement.encoders = Side::Gpu;
    if (!fits(placement)) placement.encoders = Side::Cpu;
    return placement;
  }

 private:
  Placement last_on_gpu(std::uint32_t count, Side head, Side experts) const {
    return Placement::last_on_gpu(config_, count, head, experts);
  }
  DeviceMemory memory_with(const Placement& placement) const { return memory_of(parts_, placement, Side::Gpu, gpu_); }
  bool fits(const Placement& placement) const { return fits(placement, budget_bytes_); }
  bool fits(const Placement& placement, std::uint64_t bytes) const {
    const DeviceMemory memory = memory_with(placement);
    return memory.total_bytes <= bytes && !memory.has_too_large_buffers;
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

  // Lets the experts of the last layers follow, as long as they fit beside what is wanted for single ones; then single
  // ones of the others.
  Placement with_experts(Placement placement) const {
    const std::uint64_t for_layers = budget_bytes_ - std::min(budget_bytes_, expert_bytes_.value_or(0));
    for (auto layer = placement.layers.rbegin(); layer != placement.layers.rend() && layer->side == Side::Gpu;
         ++layer) {
      if (layer->experts == Side::Gpu) continue;
      layer->experts = Side::Gpu;
      if (fits(placement, for_layers)) continue;
      layer->experts = Side::Cpu;
      break;
    }
    return with_held_experts(placement);
  }

  // As many single experts as there is memory for. What is left over is first of all that of a second conversation.
  Placement with_held_experts(const Placement& placement) const {
    if (expert_bytes_ == 0U) return placement;
    const DeviceMemory memory = memory_with(placement);
    const std::uint64_t most_bytes = expert_bytes_ ? memory.total_bytes + std::min(budget_bytes_, *expert_bytes_)
                                                   : budget_bytes_ - std::min(budget_bytes_, memory.cache_bytes);
    Placement best = placement;
    std::uint64_t most = 0;
    for (std::uint64_t above = std::uint64_t{config_.layer_count()} * config_.expert_count + 1; above - most > 1;) {
      const std::uint64_t middle = most + (above - most) / 2;
      const Placement more = placement.with_held_experts(middle, config_.expert_count);
      if (fits(more, std::min(budget_bytes_, most_bytes))) {
        most = middle;
        best = more;
      } else {
        above = middle;
      }
    }
    return best;
  }

  const ModelConfig& config_;
  const ModelParts& parts_;
  const DeviceBackend& gpu_;
  std::uint64_t budget_bytes_;
  std::optional<std::uint64_t> expert_bytes_;
};

}  // namespace

Result<Placement> plan_placement(const ModelConfig& config, const ModelParts& parts, const DeviceBackend& gpu,
                                 const GpuOrder& order) {
  const Planner planner(config, parts, gpu, order);
  if (!order.layers) return planner.with_encoders(planner.as_much_as_fits());
  FACET_ASSIGN_OR_RETURN(Placement placement, planner.with_layers(std::min(*order.layers, config.layer_count())));
  return planner.with_encoders(std::move(placement));
}

}  // namespace facet::engine
