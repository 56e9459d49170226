#include <algorithm>

#include "engine/base/unused_memory.h"
#include "engine/cpu/cpu_backend.h"
#include "engine/gguf/gguf_file.h"

// What the backend takes of the machine's memory. Weights that stay in the mapped file are none of it; copies of
// matrices are, from the beginning, though only those that were used have been written.
namespace facet::engine {
namespace {

constexpr std::uint64_t kCacheLine = 64;

}  // namespace

std::uint64_t CpuBackend::memory_bytes(std::uint64_t cells) {
  return std::max(kCacheLine, (cells * sizeof(float) + kCacheLine - 1) / kCacheLine * kCacheLine);
}

bool CpuBackend::has_own_rows(const GgufTensor& tensor, WeightUse use) {
  return use == WeightUse::Matrix && tensor.data.empty();
}

// A model that is multiplied in full precision is a small one, and its matrices are decoded as they are.
bool CpuBackend::is_to_be_copied(const GgufTensor& tensor, WeightUse use) const {
  return use == WeightUse::Matrix && matrix_place_ == MatrixPlace::Copied && products_ == Products::Int8 &&
         !tensor.data.empty();
}

std::vector<std::uint64_t> CpuBackend::weight_parts(const GgufTensor& tensor, WeightUse use) const {
  if (has_own_rows(tensor, use)) return {row_bytes(tensor.format, tensor.shape[0]) * tensor.shape[1] * tensor.shape[2]};
  if (use == WeightUse::Vector) return {tensor.shape[0] * sizeof(float)};
  return is_to_be_copied(tensor, use) ? std::vector<std::uint64_t>{tensor.data.size()} : std::vector<std::uint64_t>();
}

std::uint64_t CpuBackend::cache_bytes(const CacheShape& shape) const {
  return shape.rows * row_bytes(shape.format, shape.width);
}

std::uint64_t CpuBackend::working_bytes(const LargestOperands& largest) const {
  return (rounded_cells(largest) + segment_cells(largest)) * sizeof(float);
}

std::uint64_t CpuBackend::taken_bytes() const {
  std::uint64_t bytes = copies_.taken();
  const auto add = [&](const Memory& memory) { bytes += memory.cells == nullptr ? 0 : memory_bytes(memory.count); };
  for (const Memory& buffer : buffers_)
    add(buffer);
  add(rounded_memory_);
  add(segment_memory_);
  for (const LoadedWeight& weight : weights_)
    bytes += weight.vector.capacity() * sizeof(float) + weight.own_rows.capacity();
  return bytes;
}

std::uint64_t CpuBackend::bytes_with(const LargestOperands& largest, std::span<const std::uint64_t> buffers) const {
  std::uint64_t bytes = taken_bytes();
  if (!is_reserved_) bytes += memory_bytes(rounded_cells(largest)) + memory_bytes(segment_cells(largest));
  for (const std::uint64_t buffer : buffers)
    bytes += memory_bytes((buffer + sizeof(float) - 1) / sizeof(float));
  return bytes;
}

std::uint64_t CpuBackend::unused_bytes() const {
  return unused_memory();
}

}  // namespace facet::engine
