#include <algorithm>
#include <numeric>

#include "engine/base/unused_memory.h"
#include "engine/gguf/gguf_file.h"
#include "engine/vulkan/packing.h"
#include "engine/vulkan/vulkan_backend.h"

// What the backend takes of the device's memory.
namespace facet::engine::vulkan {

VulkanBackend::Division VulkanBackend::divide(const GgufTensor& tensor) const {
  const bool has_experts = tensor.shape[2] > 1;
  Division division;
  division.rows_per_unit = has_experts ? tensor.shape[1] : 1;
  division.units = has_experts ? tensor.shape[2] : tensor.shape[1];
  division.unit_bytes = packed_row_bytes(tensor.format, tensor.shape[0]) * division.rows_per_unit;
  division.units_per_part = largest_binding_ / division.unit_bytes;
  return division;
}

std::vector<std::uint64_t> VulkanBackend::weight_parts(const GgufTensor& tensor, WeightUse use) const {
  if (use == WeightUse::Table) return {};
  if (use == WeightUse::Vector) return {tensor.shape[0] * sizeof(float)};
  const Division division = divide(tensor);
  // One that is too large is refused when it is loaded.
  const std::uint64_t most = std::max<std::uint64_t>(1, division.units_per_part);
  std::vector<std::uint64_t> parts;
  for (std::uint64_t first = 0; first < division.units; first += most)
    parts.push_back(std::min(most, division.units - first) * division.unit_bytes);
  return parts;
}

std::uint64_t VulkanBackend::working_bytes(const LargestOperands& largest) const {
  const std::vector<std::uint64_t> parts = working_parts(largest);
  return std::accumulate(parts.begin(), parts.end(), 2 * Commands::staging_bytes);
}

std::vector<std::uint64_t> VulkanBackend::working_parts(const LargestOperands& largest) const {
  std::vector<std::uint64_t> parts = {segment_bytes(largest), sorted_bytes(largest), rounded_bytes(largest),
                                      candidate_bytes(largest.vocabulary)};
  std::erase(parts, std::uint64_t{0});
  return parts;
}

// Staging memory is there since the backend was opened.
std::uint64_t VulkanBackend::bytes_with(const LargestOperands& largest, std::span<const std::uint64_t> buffers) const {
  std::vector<std::uint64_t> all;
  if (!is_reserved_) all = working_parts(largest);
  all.insert(all.end(), buffers.begin(), buffers.end());
  return memory_->bytes_with(all);
}

// A driver that does not say what is unused leaves a fifth for what it needs itself and for what the screen and other
// programs have: when too much is taken it moves parts to the host's memory, a tenth as fast, or refuses.
std::uint64_t VulkanBackend::unused_bytes() const {
  const VulkanDevice& device = device_->description();
  // A software device has the machine's memory, whatever it says of its own.
  const std::uint64_t of_the_machine = device.kind == VulkanDevice::Kind::Software ? unused_memory() : 0;
  if (of_the_machine != 0) return of_the_machine;
  return device.unused_bytes != 0 ? device.unused_bytes : device.memory_bytes / 5 * 4;
}

}  // namespace facet::engine::vulkan
