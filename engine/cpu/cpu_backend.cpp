#include "engine/cpu/cpu_backend.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine/base/check.h"
#include "engine/gguf/gguf_file.h"

namespace facet::engine {
namespace {

constexpr std::size_t kCacheLine = 64;

Error no_memory(std::string_view name, std::uint64_t cells) {
  return {Error::Code::OutOfMemory, "There is not enough memory for " + std::string(name) + " (" +
                                        std::to_string((cells * sizeof(float)) >> 20U) +
                                        " MiB); a shorter context needs less."};
}

}  // namespace

void CpuBackend::FreeMemory::operator()(float* memory) const {
  std::free(memory);
}

CpuBackend::CpuBackend(int threads, Products products, const Kernels& kernels)
    : kernels_(kernels), products_(products), pool_(threads) {
  const int used = pool_.threads();
  description_ = "CPU, " + std::to_string(used) + (used == 1 ? " thread, " : " threads, ") + kernels.name;
}

CpuBackend::~CpuBackend() = default;

CpuBackend::Memory CpuBackend::allocate(std::uint64_t count) {
  Memory memory;
  memory.count = count;
  if (count > SIZE_MAX / 2 / sizeof(float)) return memory;
  memory.cells.reset(static_cast<float*>(std::aligned_alloc(kCacheLine, memory_bytes(count))));
  return memory;
}

// Memory that has never been touched costs nothing on the systems we run on, so a long context is paid for as it fills.
Result<Buffer> CpuBackend::create_buffer(std::string_view name, std::uint32_t rows, std::uint32_t width) {
  Memory memory = allocate(std::uint64_t{rows} * width);
  if (memory.cells == nullptr) return no_memory(name, memory.count);
  return Buffer{keep(std::move(memory)), rows, width};
}

Result<Buffer> CpuBackend::create_cache(std::string_view name, const CacheShape& shape) {
  Memory memory = allocate((cache_bytes(shape) + sizeof(float) - 1) / sizeof(float));
  if (memory.cells == nullptr) return no_memory(name, memory.count);
  memory.format = &format_info(shape.format);
  memory.row_bytes = row_bytes(shape.format, shape.width);
  return Buffer{keep(std::move(memory)), shape.rows, shape.width};
}

// Only whole numbers of 8 bits are rounded to.
std::uint64_t CpuBackend::rounded_cells(const LargestOperands& largest) const {
  std::uint64_t cells = 0;
  for (const LargestOperands::Product& product : largest.products)
    cells = std::max(cells, product.rows * rounded_row_cells(product.inputs));
  return products_ == Products::Int8 ? cells : 0;
}

std::uint64_t CpuBackend::segment_cells(const LargestOperands& largest) {
  std::uint64_t cells = 0;
  for (const AttentionShape& shape : largest.attentions)
    cells = std::max(cells, segment_cells(shape, largest.context));
  return cells;
}

Status CpuBackend::reserve(const LargestOperands& largest) {
  rounded_memory_ = allocate(rounded_cells(largest));
  if (rounded_memory_.cells == nullptr) return no_memory("the rounded inputs of products", rounded_memory_.count);
  segment_memory_ = allocate(segment_cells(largest));
  if (segment_memory_.cells == nullptr) return no_memory("the sums of attention", segment_memory_.count);
  is_reserved_ = true;
  return {};
}

float* CpuBackend::working_cells(Memory& memory, std::uint64_t cells) const {
  if (memory.count < cells) {
    FACET_CHECK(!is_reserved_, "%llu cells of %llu", static_cast<unsigned long long>(cells),
                static_cast<unsigned long long>(memory.count));
    memory = allocate(cells);
    FACET_CHECK(memory.cells != nullptr, "no memory for %llu cells", static_cast<unsigned long long>(cells));
  }
  return memory.cells.get();
}

std::uint32_t CpuBackend::keep(Memory memory) {
  if (free_ids_.empty()) {
    buffers_.emplace_back();
    free_ids_.push_back(static_cast<std::uint32_t>(buffers_.size()));
  }
  const std::uint32_t id = free_ids_.back();
  free_ids_.pop_back();
  buffers_[id - 1] = std::move(memory);
  return id;
}

void CpuBackend::release_buffer(const Buffer& buffer) {
  FACET_CHECK(buffer.id >= 1 && buffer.id <= buffers_.size(), "buffer %u", buffer.id);
  buffers_[buffer.id - 1] = {};
  free_ids_.push_back(buffer.id);
}

Result<Weight> CpuBackend::load_weight(const GgufTensor& tensor, WeightUse use) {
  const FormatInfo& format = format_info(tensor.format);
  FACET_CHECK(format.decode != nullptr, "format %u", static_cast<unsigned>(tensor.format));
  LoadedWeight weight;
  weight.rows = tensor.data.data();
  weight.row_bytes = row_bytes(tensor.format, tensor.shape[0]);
  if (has_own_rows(tensor, use)) {
    weight.own_rows.resize(weight.row_bytes * tensor.shape[1] * tensor.shape[2]);
    weight.rows = weight.own_rows.data();
  }
  weight.block_elements = format.block_elements;
  weight.block_bytes = format.block_bytes;
  weight.decode = kernels_.decoder(tensor.format);
  if (tensor.format == Format::F32 && reinterpret_cast<std::uintptr_t>(weight.rows) % alignof(float) == 0)
    weight.floats = reinterpret_cast<const float*>(weight.rows);
  if (products_ == Products::Int8 && use == WeightUse::Matrix) weight.panel = kernels_.panels.format(tensor.format);
  if (is_to_be_copied(tensor, use)) {
    weight.copy = copies_.take(tensor.data.size());
    weight.is_copied.resize(tensor.shape[2]);
    weight.is_mapped = tensor.is_mapped;
  }
  if (use == WeightUse::Vector) {
    weight.vector.resize(tensor.shape[0]);
    weight.decode(weight.rows, weight.vector.data(), weight.vector.size());
  }
  weights_.push_back(std::move(weight));
  return Weight{static_cast<std::uint32_t>(weights_.size()), static_cast<std::uint32_t>(tensor.shape[0]),
                static_cast<std::uint32_t>(tensor.shape[1]), static_cast<std::uint32_t>(tensor.shape[2])};
}

Status CpuBackend::replace_expert(const Weight& weight, std::uint32_t expert, std::span<const std::byte> rows) {
  FACET_CHECK(weight.id >= 1 && weight.id <= weights_.size() && expert < weight.experts, "expert %u of %u", expert,
              weight.experts);
  std::vector<std::byte>& own = weights_[weight.id - 1].own_rows;
  FACET_CHECK(rows.size() * weight.experts == own.size(), "%zu bytes for one of %u", rows.size(), weight.experts);
  std::copy(rows.begin(), rows.end(), own.begin() + static_cast<std::ptrdiff_t>(expert * rows.size()));
  return {};
}

void CpuBackend::write(const View& to, std::span<const float> values) {
  FACET_CHECK(values.size() == std::size_t{to.rows} * to.width, "%zu values", values.size());
  const Rows rows = rows_of(to);
  for (std::uint32_t r = 0; r < to.rows; ++r)
    std::memcpy(rows[r], values.data() + std::size_t{r} * to.width, to.width * sizeof(float));
}

void CpuBackend::read(const View& from, std::span<float> values) {
  FACET_CHECK(values.size() == std::size_t{from.rows} * from.width, "%zu values", values.size());
  const Rows rows = rows_of(from);
  for (std::uint32_t r = 0; r < from.rows; ++r)
    std::memcpy(values.data() + std::size_t{r} * from.width, rows[r], from.width * sizeof(float));
}

CpuBackend::Rows CpuBackend::rows_of(const View& view) const {
  FACET_CHECK(view.buffer >= 1 && view.buffer <= buffers_.size(), "buffer %u", view.buffer);
  const Memory& memory = buffers_[view.buffer - 1];
  FACET_CHECK(memory.format == nullptr || memory.format->format == Format::F32, "buffer %u has no cells", view.buffer);
  const std::uint64_t end = view.rows == 0 ? 0 : view.offset + std::uint64_t{view.rows - 1} * view.stride + view.width;
  FACET_CHECK(end <= memory.count, "a view of %u x %u cells from %llu on", view.rows, view.width,
              static_cast<unsigned long long>(view.offset));
  return {memory.cells.get() + view.offset, view.stride};
}

const CpuBackend::LoadedWeight& CpuBackend::loaded(const Weight& weight) const {
  FACET_CHECK(weight.id >= 1 && weight.id <= weights_.size(), "weight %u", weight.id);
  return weights_[weight.id - 1];
}

// Null for a weight that the model does not have.
const float* CpuBackend::vector_of(const Weight& weight, std::uint32_t size) const {
  if (!weight) return nullptr;
  const std::vector<float>& vector = loaded(weight).vector;
  FACET_CHECK(vector.size() == size, "%zu values for %u", vector.size(), size);
  return vector.data();
}

}  // namespace facet::engine
