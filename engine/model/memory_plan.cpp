#include "engine/model/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "engine/gguf/gguf_file.h"

namespace facet::engine {
namespace {

// The buffers that a side gets, in the order in which they are created.
struct Buffers {
  std::vector<std::uint64_t> weights;
  std::vector<std::uint64_t> activations;
  std::vector<std::uint64_t> encoder_weights;
  std::vector<std::uint64_t> encoder_activations;
  std::vector<std::uint64_t> caches;

  std::vector<std::uint64_t> all() const {
    std::vector<std::uint64_t> list;
    for (const auto* part : {&weights, &activations, &encoder_weights, &encoder_activations, &caches})
      list.insert(list.end(), part->begin(), part->end());
    return list;
  }
};

std::uint64_t sum(const std::vector<std::uint64_t>& bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0});
}

Buffers buffers_of(const ModelParts& parts, const Placement& placement, Side side, const DeviceBackend& device) {
  Buffers buffers;
  if (!placement.uses(side)) return buffers;
  for (const NeededWeight& weight : parts.weights) {
    const std::uint32_t held = side == Side::Gpu ? placement.held_experts(weight.tensor->name) : 0;
    if (held > 0) {
      const std::vector<std::uint64_t> pieces = device.weight_parts(room_for_experts(*weight.tensor, held), weight.use);
      buffers.weights.insert(buffers.weights.end(), pieces.begin(), pieces.end());
    }
    if (!placement.lies_on(side, weight.tensor->name, weight.use)) continue;
    const std::vector<std::uint64_t> pieces = device.weight_parts(*weight.tensor, weight.use);
    buffers.weights.insert(buffers.weights.end(), pieces.begin(), pieces.end());
  }
  for (const ActivationShape& shape : parts.activations)
    buffers.activations.push_back(std::uint64_t{shape.rows} * shape.width * sizeof(float));
  if (parts.encoders && placement.encoders == side) {
    for (const EncoderTensor& entry : parts.encoders->tensors) {
      const std::vector<std::uint64_t> pieces = device.weight_parts(entry.tensor, entry.use);
      buffers.encoder_weights.insert(buffers.encoder_weights.end(), pieces.begin(), pieces.end());
    }
    for (const EncoderBufferShape& shape : parts.encoders->buffers)
      buffers.encoder_activations.push_back(shape.is_cache ? device.cache_bytes(shape.cache())
                                                           : std::uint64_t{shape.rows} * shape.width * sizeof(float));
  }
  for (std::uint32_t l = 0; l < parts.caches.layers.size(); ++l) {
    const CacheShape shape = parts.caches.shape_of(l);
    // Keys and values.
    if (shape.rows > 0 && placement.keeps_cache(side, l))
      buffers.caches.resize(buffers.caches.size() + 2, device.cache_bytes(shape));
  }
  return buffers;
}

// Matrices that the side multiplies with where they lie in the file.
std::uint64_t mapped_bytes(const ModelParts& parts, const Placement& placement, Side side,
                           const DeviceBackend& device) {
  std::uint64_t bytes = 0;
  for (const NeededWeight& weight : parts.weights)
    if (weight.use == WeightUse::Matrix && placement.lies_on(side, weight.tensor->name, weight.use) &&
        device.weight_parts(*weight.tensor, weight.use).empty())
      bytes += weight.tensor->data.size();
  if (!parts.encoders || placement.encoders != side) return bytes;
  for (const EncoderTensor& entry : parts.encoders->tensors)
    if (entry.use == WeightUse::Matrix && device.weight_parts(entry.tensor, entry.use).empty())
      bytes += entry.tensor.data.size();
  return bytes;
}

}  // namespace

Result<ModelParts> ModelParts::list(const GgufFile& file, const ModelConfig& config, const CacheOrder& order,
                                    const Projector* projector) {
  ModelParts parts;
  FACET_ASSIGN_OR_RETURN(parts.weights, needed_weights(file, config));
  if (projector != nullptr) {
    EncoderWeights handles;
    parts.encoders = {projector->config, encoder_tensors(*projector, handles), plan_encoder_buffers(projector->config)};
    for (EncoderTensor& entry : parts.encoders->tensors)
      entry.slot = nullptr;
  }
  parts.set_cache(config, order);
  return parts;
}

void ModelParts::set_cache(const ModelConfig& config, const CacheOrder& order) {
  caches = KvLayout::plan(config, order.context, order.rewind_length, order.format, order.largest_block);
  activations = plan_activations(config, caches);
  operands = plan_operands(config, caches.largest_batch(), order.context);
  if (encoders) add_encoder_operands(encoders->config, operands);
}

DeviceMemory memory_of(const ModelParts& parts, const Placement& placement, Side side, const DeviceBackend& device) {
  DeviceMemory memory;
  memory.device = device.description();
  memory.is_gpu = side == Side::Gpu;
  memory.layers = placement.layers_on(side);
  for (std::uint32_t l = static_cast<std::uint32_t>(placement.layers.size()); l-- > 0;)
    if (placement.layers[l].side == side) memory.first_layer = l;
  memory.has_head = placement.head == side;
  memory.has_encoders = placement.encoders == side;
  for (const Placement::Layer& layer : placement.layers) {
    if (layer.experts == side) ++memory.expert_layers;
    if (memory.is_gpu) memory.held_experts += layer.held_experts;
  }
  const Buffers buffers = buffers_of(parts, placement, side, device);
  memory.weight_bytes = sum(buffers.weights) + sum(buffers.encoder_weights);
  memory.mapped_bytes = mapped_bytes(parts, placement, side, device);
  memory.cache_bytes = sum(buffers.caches);
  memory.activation_bytes = sum(buffers.activations) + sum(buffers.encoder_activations);
  for (const std::vector<std::uint64_t>* whole : {&buffers.activations, &buffers.encoder_activations, &buffers.caches})
    for (const std::uint64_t bytes : *whole)
      memory.has_too_large_buffers = memory.has_too_large_buffers || bytes > device.largest_buffer();
  if (placement.uses(side)) memory.total_bytes = device.bytes_with(parts.operands, buffers.all());
  // What the buffers do not account for.
  memory.working_bytes = memory.total_bytes - std::min(memory.total_bytes, memory.weight_bytes + memory.cache_bytes +
                                                                               memory.activation_bytes);
  return memory;
}

void place_matrices(const ModelParts& parts, const Placement& placement, std::uint64_t unused_bytes,
                    DeviceBackend& cpu) {
  constexpr double kShare = 0.4;
  cpu.place_matrices(MatrixPlace::InFile);
  const DeviceMemory in_file = memory_of(parts, placement, Side::Cpu, cpu);
  const std::uint64_t left = unused_bytes - std::min(unused_bytes, in_file.total_bytes);
  if (static_cast<double>(in_file.mapped_bytes) <= kShare * static_cast<double>(left))
    cpu.place_matrices(MatrixPlace::Copied);
}

}  // namespace facet::engine
