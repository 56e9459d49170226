#include "engine/vulkan/vulkan_backend.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "engine/base/check.h"
#include "engine/gguf/gguf_file.h"
#include "engine/vulkan/forms.h"
#include "engine/vulkan/packing.h"
#include "engine/vulkan/vulkan.h"

namespace facet::engine {

Result<std::vector<VulkanDevice>> list_vulkan_devices() {
  FACET_ASSIGN_OR_RETURN(const std::unique_ptr<vulkan::Instance> instance, vulkan::Instance::open());
  std::vector<VulkanDevice> devices;
  for (const vulkan::PhysicalDevice& device : instance->devices())
    devices.push_back(device.description);
  return devices;
}

Result<std::vector<VulkanDevice>> find_vulkan_devices(const std::string& wanted) {
  FACET_ASSIGN_OR_RETURN(const std::unique_ptr<vulkan::Instance> instance, vulkan::Instance::open());
  FACET_ASSIGN_OR_RETURN(const auto found, instance->find(wanted));
  std::vector<VulkanDevice> devices;
  for (const vulkan::PhysicalDevice* device : found)
    devices.push_back(device->description);
  return devices;
}

Result<std::unique_ptr<DeviceBackend>> open_vulkan(const std::string& wanted, const std::string& form) {
  FACET_ASSIGN_OR_RETURN(const vulkan::Variants variants, vulkan::variants_of(form));
  FACET_ASSIGN_OR_RETURN(std::unique_ptr<vulkan::VulkanBackend> backend, vulkan::VulkanBackend::open(wanted, variants));
  return std::unique_ptr<DeviceBackend>(std::move(backend));
}

namespace vulkan {
namespace {

// The most that kernels address with 32 bits, with room for what they read beyond the end of a row.
constexpr std::uint64_t kLargestBinding = 2ULL << 30U;
constexpr std::uint64_t kCellBytes = sizeof(float);

std::uint32_t words_of(CacheKind kind, std::uint32_t width) {
  if (kind == CacheKind::F32) return width;
  if (kind == CacheKind::F16) return (width + 1) / 2;
  return width / 4 + (width / 32 + 1) / 2;
}

CacheKind cache_kind(Format format) {
  FACET_CHECK(format == Format::F32 || format == Format::F16 || format == Format::Q8_0, "format %u",
              static_cast<unsigned>(format));
  if (format == Format::F16) return CacheKind::F16;
  return format == Format::Q8_0 ? CacheKind::Q8_0 : CacheKind::F32;
}

}  // namespace

Result<std::unique_ptr<VulkanBackend>> VulkanBackend::open(const std::string& wanted, const Variants& variants) {
  std::unique_ptr<VulkanBackend> backend(new VulkanBackend);
  backend->variants_ = variants;
  FACET_ASSIGN_OR_RETURN(backend->device_, Device::open(wanted));
  FACET_ASSIGN_OR_RETURN(backend->memory_, Memory::open(*backend->device_));
  FACET_ASSIGN_OR_RETURN(backend->pipelines_, Pipelines::create(*backend->device_));
  FACET_ASSIGN_OR_RETURN(backend->commands_,
                         Commands::create(*backend->device_, *backend->memory_, *backend->pipelines_));
  const VulkanDevice& device = backend->device_->description();
  backend->description_ = "Vulkan, " + device.name;
  backend->largest_binding_ = std::min({device.largest_binding, device.largest_allocation, kLargestBinding});
  return backend;
}

VulkanBackend::~VulkanBackend() {
  if (commands_ == nullptr) return;
  if (commands_->is_stuck()) {
    // The device may yet go on with what it was given. Nothing of that may be taken away, so it goes with the process.
    static_cast<void>(commands_.release());
    static_cast<void>(pipelines_.release());
    static_cast<void>(memory_.release());
    static_cast<void>(device_.release());
    return;
  }
  // Waits for the device.
  commands_.reset();
  for (Cells& cells : buffers_)
    memory_->release(cells.memory);
  for (LoadedWeight& weight : weights_)
    for (Part& part : weight.parts)
      memory_->release(part.memory);
  memory_->release(segments_);
  memory_->release(sorted_);
  memory_->release(rounded_);
  memory_->release(candidates_);
}

Result<DeviceBuffer> VulkanBackend::create_memory(std::string_view name, std::uint64_t bytes) {
  if (bytes > largest_binding_)
    return Error{Error::Code::OutOfMemory, "The graphics device takes no more than " +
                                               std::to_string(largest_binding_ >> 20U) + " MiB at once, and " +
                                               std::string(name) + " need " + std::to_string(bytes >> 20U) +
                                               " MiB; a shorter context needs less."};
  return memory_->create(bytes, Place::Device, name);
}

Buffer VulkanBackend::keep(Cells cells, std::uint32_t rows, std::uint32_t width) {
  if (free_ids_.empty()) {
    buffers_.emplace_back();
    free_ids_.push_back(static_cast<std::uint32_t>(buffers_.size()));
  }
  const std::uint32_t id = free_ids_.back();
  free_ids_.pop_back();
  buffers_[id - 1] = std::move(cells);
  return Buffer{id, rows, width};
}

Result<Buffer> VulkanBackend::create_buffer(std::string_view name, std::uint32_t rows, std::uint32_t width) {
  if (width * kCellBytes > Commands::staging_bytes)
    return Error{Error::Code::Unsupported,
                 "The rows of " + std::string(name) + " are too long for Vulkan; use the CPU."};
  Cells cells;
  FACET_ASSIGN_OR_RETURN(cells.memory, create_memory(name, std::uint64_t{rows} * width * kCellBytes));
  cells.row_words = width;
  return keep(std::move(cells), rows, width);
}

Result<Buffer> VulkanBackend::create_cache(std::string_view name, const CacheShape& shape) {
  Cells cells;
  cells.kind = cache_kind(shape.format);
  cells.is_cache = true;
  cells.row_words = words_of(cells.kind, shape.width);
  FACET_ASSIGN_OR_RETURN(cells.memory, create_memory(name, cache_bytes(shape)));
  return keep(std::move(cells), shape.rows, shape.width);
}

std::uint64_t VulkanBackend::cache_bytes(const CacheShape& shape) const {
  return std::uint64_t{shape.rows} * words_of(cache_kind(shape.format), shape.width) * kCellBytes;
}

void VulkanBackend::release_buffer(const Buffer& buffer) {
  FACET_CHECK(buffer.id >= 1 && buffer.id <= buffers_.size(), "buffer %u", buffer.id);
  Cells& cells = buffers_[buffer.id - 1];
  // The device may still use it. After a failure it can not be asked, so the memory is kept until the end.
  if (commands_->wait().ok()) {
    commands_->forget(cells.memory.handle);
    memory_->release(cells.memory);
    free_ids_.push_back(buffer.id);
  }
}

// As `working_parts` lists them.
Status VulkanBackend::reserve(const LargestOperands& largest) {
  if (!make_room(segments_, segment_bytes(largest), "the sums of attention") ||
      !make_room(sorted_, sorted_bytes(largest), "the order of experts") ||
      !make_room(rounded_, rounded_bytes(largest), "rounded rows") ||
      !make_room(candidates_, candidate_bytes(largest.vocabulary), "candidates"))
    return commands_->wait();
  is_reserved_ = true;
  return {};
}

Result<Weight> VulkanBackend::load_weight(const GgufTensor& tensor, WeightUse use) {
  // Kept at once, so that what is set aside is given back even if the rest fails.
  LoadedWeight& weight = weights_.emplace_back();
  weight.use = use;
  weight.format = &format_info(tensor.format);
  FACET_CHECK(weight.format->decode != nullptr, "format %u", static_cast<unsigned>(tensor.format));
  weight.file_rows = tensor.data;
  weight.row_bytes = row_bytes(tensor.format, tensor.shape[0]);
  if (use == WeightUse::Vector) {
    std::vector<float> values(tensor.shape[0]);
    weight.format->decode(tensor.data.data(), values.data(), values.size());
    Part& part = weight.parts.emplace_back();
    part.count = 1;
    FACET_ASSIGN_OR_RETURN(part.memory, create_memory(tensor.name, values.size() * kCellBytes));
    FACET_RETURN_IF_ERROR(
        upload(part.memory, values.size(), kCellBytes, [&](std::uint64_t first, std::uint64_t count, std::byte* room) {
          std::memcpy(room, values.data() + first, count * kCellBytes);
        }));
  }
  if (use == WeightUse::Matrix) FACET_RETURN_IF_ERROR(load_parts(tensor, weight));
  return Weight{static_cast<std::uint32_t>(weights_.size()), static_cast<std::uint32_t>(tensor.shape[0]),
                static_cast<std::uint32_t>(tensor.shape[1]), static_cast<std::uint32_t>(tensor.shape[2])};
}

Status VulkanBackend::load_parts(const GgufTensor& tensor, LoadedWeight& weight) {
  const auto [rows_per_unit, unit_bytes, units, units_per_part] = divide(tensor);
  weight.packed_bytes = packed_row_bytes(tensor.format, tensor.shape[0]);
  if (units_per_part == 0)
    return Error{Error::Code::Unsupported,
                 "The tensor '" + std::string(tensor.name) + "' is too large for the graphics device; use the CPU."};
  for (std::uint64_t first = 0; first < units; first += units_per_part) {
    const std::uint64_t count = std::min(units_per_part, units - first);
    Part& part = weight.parts.emplace_back();
    part.first = static_cast<std::uint32_t>(first);
    part.count = static_cast<std::uint32_t>(count);
    FACET_ASSIGN_OR_RETURN(part.memory, memory_->create(count * unit_bytes, Place::Device, tensor.name));
    // Its experts come later.
    if (tensor.data.empty()) continue;
    const std::span<const std::byte> rows = tensor.data.subspan(first * rows_per_unit * weight.row_bytes);
    const auto fill = [&](std::uint64_t first_row, std::uint64_t row_count, std::byte* room) {
      pack_rows(tensor.format, tensor.shape[0],
                rows.subspan(first_row * weight.row_bytes, row_count * weight.row_bytes), room);
    };
    FACET_RETURN_IF_ERROR(upload(part.memory, count * rows_per_unit, weight.packed_bytes, fill));
  }
  return {};
}

// Always through the staging memory: the device may still read what was there.
Status VulkanBackend::replace_expert(const Weight& weight, std::uint32_t expert, std::span<const std::byte> rows) {
  const LoadedWeight& matrix = loaded(weight);
  FACET_CHECK(matrix.file_rows.empty() && rows.size() == matrix.row_bytes * weight.outputs, "%zu bytes of an expert",
              rows.size());
  const auto part = std::find_if(matrix.parts.begin(), matrix.parts.end(), [&](const Part& each) {
    return expert >= each.first && expert < each.first + each.count;
  });
  FACET_CHECK(part != matrix.parts.end(), "expert %u of %u", expert, weight.experts);
  const auto fill = [&](std::uint64_t first, std::uint64_t count, std::byte* room) {
    pack_rows(matrix.format->format, weight.inputs, rows.subspan(first * matrix.row_bytes, count * matrix.row_bytes),
              room);
  };
  const std::uint64_t first_row = std::uint64_t{expert - part->first} * weight.outputs;
  return stage(part->memory, first_row, weight.outputs, matrix.packed_bytes, fill);
}

// In pieces that the device copies while the next one is read from the file. Where host and device share their memory
// the bytes are put where they belong.
Status VulkanBackend::upload(const DeviceBuffer& to, std::uint64_t units, std::uint64_t unit_bytes, const Fill& fill) {
  if (to.mapped != nullptr && device_->description().unified_memory && !stages_all_) {
    fill(0, units, to.mapped);
    return {};
  }
  return stage(to, 0, units, unit_bytes, fill);
}

Status VulkanBackend::stage(const DeviceBuffer& to, std::uint64_t first_unit, std::uint64_t units,
                            std::uint64_t unit_bytes, const Fill& fill) {
  if (unit_bytes > Commands::staging_bytes)
    return Error{Error::Code::Unsupported, "A row of the model's weights is too long for Vulkan; use the CPU."};
  const std::uint64_t units_at_once = std::max<std::uint64_t>(1, Commands::staging_bytes / 4 / unit_bytes);
  for (std::uint64_t first = 0; first < units; first += units_at_once) {
    const std::uint64_t count = std::min(units_at_once, units - first);
    const Commands::Region region{(first_unit + first) * unit_bytes, count * unit_bytes};
    std::byte* const room = commands_->upload(to.handle, {&region, 1});
    if (room == nullptr) return commands_->wait();
    fill(first, count, room);
    commands_->submit();
  }
  return {};
}

// Larger than any cache, copied until starting and ending are a small part of it.
Result<std::optional<double>> VulkanBackend::copy_bandwidth() {
  const std::uint64_t bytes = std::min<std::uint64_t>(256ULL << 20U, largest_binding_ / 16 * 16);
  constexpr int kCopies = 8;
  std::array<DeviceBuffer, 2> buffers;
  Status status;
  for (DeviceBuffer& buffer : buffers) {
    auto created = status.ok() ? create_memory("the measurement", bytes) : Result<DeviceBuffer>(status.error());
    if (created.ok())
      buffer = *created;
    else
      status = created.error();
  }
  double seconds = 0;
  for (const bool is_measured : {false, true}) {
    const double before = counts().seconds;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < (is_measured ? kCopies : 1) && status.ok(); ++i)
      commands_->copy(buffers[i % 2].handle, buffers[(i + 1) % 2].handle, bytes);
    if (status.ok()) status = commands_->wait();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    seconds = counts().seconds > before ? counts().seconds - before : taken.count();
  }
  for (DeviceBuffer& buffer : buffers) {
    commands_->forget(buffer.handle);
    if (!commands_->has_failed()) memory_->release(buffer);
  }
  if (!status.ok()) return status.error();
  return std::optional<double>(2.0 * kCopies * static_cast<double>(bytes) / std::max(seconds, 1e-9));
}

void VulkanBackend::write_rows(const View& to, const std::function<void(std::uint32_t, float*)>& fill) {
  const Operand operand = operand_of(to);
  const std::uint64_t row_bytes = to.width * kCellBytes;
  const auto rows_at_once = static_cast<std::uint32_t>(Commands::staging_bytes / std::max<std::uint64_t>(row_bytes, 1));
  for (std::uint32_t first = 0; first < to.rows && to.width > 0; first += rows_at_once) {
    const std::uint32_t count = std::min(rows_at_once, to.rows - first);
    std::vector<Commands::Region> regions;
    for (std::uint32_t r = first; r < first + count; ++r)
      regions.push_back({(operand.offset + std::uint64_t{r} * operand.stride) * kCellBytes, row_bytes});
    std::byte* const room = commands_->upload(operand.buffer, regions);
    if (room == nullptr) return;
    for (std::uint32_t r = 0; r < count; ++r)
      fill(first + r, reinterpret_cast<float*>(room + r * row_bytes));
  }
}

void VulkanBackend::write(const View& to, std::span<const float> values) {
  FACET_CHECK(values.size() == std::size_t{to.rows} * to.width, "%zu values", values.size());
  write_rows(to, [&](std::uint32_t row, float* cells) {
    std::memcpy(cells, values.data() + std::size_t{row} * to.width, to.width * kCellBytes);
  });
}

void VulkanBackend::read(const View& from, std::span<float> values) {
  FACET_CHECK(values.size() == std::size_t{from.rows} * from.width, "%zu values", values.size());
  // What can not be read is no number, and `finish` says why.
  std::fill(values.begin(), values.end(), std::nanf(""));
  const Operand operand = operand_of(from);
  const std::uint64_t row_bytes = from.width * kCellBytes;
  const auto rows_at_once = static_cast<std::uint32_t>(Commands::staging_bytes / std::max<std::uint64_t>(row_bytes, 1));
  for (std::uint32_t first = 0; first < from.rows && from.width > 0; first += rows_at_once) {
    const std::uint32_t count = std::min(rows_at_once, from.rows - first);
    std::vector<Commands::Region> regions;
    for (std::uint32_t r = first; r < first + count; ++r)
      regions.push_back({(operand.offset + std::uint64_t{r} * operand.stride) * kCellBytes, row_bytes});
    const std::byte* const bytes = commands_->download(operand.buffer, regions);
    if (bytes == nullptr) return;
    std::memcpy(values.data() + std::size_t{first} * from.width, bytes, count * row_bytes);
  }
}

const VulkanBackend::Cells& VulkanBackend::cells_of(std::uint32_t buffer) const {
  FACET_CHECK(buffer >= 1 && buffer <= buffers_.size(), "buffer %u", buffer);
  return buffers_[buffer - 1];
}

VulkanBackend::Operand VulkanBackend::operand_of(const View& view) const {
  const Cells& cells = cells_of(view.buffer);
  FACET_CHECK(cells.kind == CacheKind::F32, "buffer %u has no cells", view.buffer);
  const std::uint64_t end = view.rows == 0 ? 0 : view.offset + std::uint64_t{view.rows - 1} * view.stride + view.width;
  FACET_CHECK(end * kCellBytes <= cells.memory.bytes, "a view of %u x %u cells from %llu on", view.rows, view.width,
              static_cast<unsigned long long>(view.offset));
  return {cells.memory.handle, static_cast<std::uint32_t>(view.offset), view.stride};
}

const VulkanBackend::LoadedWeight& VulkanBackend::loaded(const Weight& weight) const {
  FACET_CHECK(weight.id >= 1 && weight.id <= weights_.size(), "weight %u", weight.id);
  return weights_[weight.id - 1];
}

// Null for a weight that the model does not have.
VkBuffer VulkanBackend::vector_of(const Weight& weight, std::uint32_t size) const {
  if (!weight) return VK_NULL_HANDLE;
  const LoadedWeight& vector = loaded(weight);
  FACET_CHECK(vector.use == WeightUse::Vector && weight.inputs == size, "%u values for %u", weight.inputs, size);
  return vector.parts.front().memory.handle;
}

}  // namespace vulkan
}  // namespace facet::engine
