#include "engine/gguf/gguf_file.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "engine/base/byte_reader.h"
#include "engine/base/mapped_file.h"
#include "engine/gguf/gguf_header.h"
#include "engine/gguf/gguf_parts.h"

namespace facet::engine {
namespace {

// Longer arrays than this (the largest real ones have a few hundred thousand elements) are not expanded: it bounds what
// a file of single-byte elements can make us allocate.
constexpr std::uint64_t kMaxExpandedNumbers = std::uint64_t{1} << 21U;

bool contains(std::span<const std::byte> whole, std::span<const std::byte> part) {
  const std::less_equal<> in_order;
  return in_order(whole.data(), part.data()) && in_order(part.data() + part.size(), whole.data() + whole.size());
}

// One element as a double, or nothing when the type is no number.
std::optional<double> number_at(GgufType type, const std::byte* address) {
  switch (type) {
    case GgufType::U8:
      return load_unaligned<std::uint8_t>(address);
    case GgufType::I8:
      return load_unaligned<std::int8_t>(address);
    case GgufType::U16:
      return load_unaligned<std::uint16_t>(address);
    case GgufType::I16:
      return load_unaligned<std::int16_t>(address);
    case GgufType::U32:
      return load_unaligned<std::uint32_t>(address);
    case GgufType::I32:
      return load_unaligned<std::int32_t>(address);
    case GgufType::F32:
      return load_unaligned<float>(address);
    case GgufType::U64:
      return static_cast<double>(load_unaligned<std::uint64_t>(address));
    case GgufType::I64:
      return static_cast<double>(load_unaligned<std::int64_t>(address));
    case GgufType::F64:
      return load_unaligned<double>(address);
    case GgufType::Bool:
    case GgufType::String:
    case GgufType::Array:
      return std::nullopt;
  }
  return std::nullopt;
}

// One element as an integer, or nothing when it is not one or does not fit.
std::optional<std::int64_t> integer_at(GgufType type, const std::byte* address) {
  if (type == GgufType::Bool) return load_unaligned<std::uint8_t>(address) != 0 ? 1 : 0;
  if (type == GgufType::I64) return load_unaligned<std::int64_t>(address);
  if (type == GgufType::U64) {
    const auto value = load_unaligned<std::uint64_t>(address);
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(value);
  }
  // All remaining integer types are exact in a double, and a float must be whole and far inside the range.
  const std::optional<double> value = number_at(type, address);
  if (!value || std::trunc(*value) != *value || std::abs(*value) > 0x1p53) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

template <typename T, typename ReadElement>
std::optional<std::vector<T>> expand(const GgufEntry* entry, ReadElement read_element) {
  if (entry == nullptr || entry->type == GgufType::String || entry->count > kMaxExpandedNumbers) return std::nullopt;
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(entry->count));
  const std::size_t size = gguf_value_bytes(entry->type);
  for (std::size_t at = 0; at < entry->data.size(); at += size) {
    const std::optional<T> value = read_element(entry->type, entry->data.data() + at);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

}  // namespace

struct GgufFile::State {
  std::filesystem::path path;
  std::unique_ptr<MappedFile> file;
  // In place of the file, for a model that was assembled.
  GgufParts parts;
  std::string preamble;
  GgufHeader header;
  std::vector<std::uint32_t> tensors_by_name;  // indices, sorted by name

  Status read_header(std::span<const std::byte> bytes);
  Status add_parts();
  void index_tensors();
  Error unusable(const Error& error) const;

  const GgufEntry* find(std::string_view key) const {
    const auto found = std::lower_bound(header.entries.begin(), header.entries.end(), key,
                                        [](const GgufEntry& entry, std::string_view k) { return entry.key < k; });
    return found == header.entries.end() || found->key != key ? nullptr : &*found;
  }

  const GgufEntry* find_scalar(std::string_view key) const {
    const GgufEntry* entry = find(key);
    return entry != nullptr && entry->count == 1 ? entry : nullptr;
  }
};

Status GgufFile::State::read_header(std::span<const std::byte> bytes) {
  Result<GgufHeader> read = read_gguf_header(bytes);
  if (!read.ok()) return unusable(read.error());
  header = std::move(read).value();
  return {};
}

Error GgufFile::State::unusable(const Error& error) const {
  return {error.code, "'" + path.filename().string() + "' can not be used: " + error.message + "."};
}

Status GgufFile::State::add_parts() {
  for (const GgufParts::Tensor& part : parts.tensors) {
    const bool is_mapped = std::any_of(parts.files.begin(), parts.files.end(),
                                       [&](const auto& mapped) { return contains(mapped->bytes(), part.data); });
    const GgufTensor tensor{part.info.name, part.info.format, part.info.shape, part.data, is_mapped};
    const Result<std::uint64_t> bytes = gguf_tensor_bytes(tensor);
    if (!bytes.ok()) return unusable(bytes.error());
    if (*bytes != part.data.size())
      return unusable({Error::Code::CorruptFile, "the tensor '" + part.info.name + "' has " +
                                                     std::to_string(part.data.size()) +
                                                     " bytes where its shape needs " + std::to_string(*bytes)});
    header.tensors.push_back(tensor);
  }
  return {};
}

void GgufFile::State::index_tensors() {
  for (std::uint32_t i = 0; i < header.tensors.size(); ++i)
    tensors_by_name.push_back(i);
  std::sort(tensors_by_name.begin(), tensors_by_name.end(),
            [&](std::uint32_t a, std::uint32_t b) { return header.tensors[a].name < header.tensors[b].name; });
}

GgufFile::GgufFile() : state_(std::make_unique<State>()) {}
GgufFile::~GgufFile() = default;

Result<std::unique_ptr<GgufFile>> GgufFile::open(const std::filesystem::path& path) {
  std::unique_ptr<GgufFile> gguf(new GgufFile);
  State& state = *gguf->state_;
  state.path = path;
  FACET_ASSIGN_OR_RETURN(state.file, MappedFile::open(path));
  FACET_RETURN_IF_ERROR(state.read_header(state.file->bytes()));
  for (GgufTensor& tensor : state.header.tensors)
    tensor.is_mapped = true;
  state.index_tensors();
  if (!gguf->is_intact()) return gguf->lost();
  return gguf;
}

Result<std::unique_ptr<GgufFile>> GgufFile::assemble(GgufParts parts) {
  std::unique_ptr<GgufFile> gguf(new GgufFile);
  State& state = *gguf->state_;
  state.path = parts.path;
  state.parts = std::move(parts);
  state.preamble = gguf_preamble(state.parts.metadata, /*tensors=*/0);
  state.parts.metadata = {};
  FACET_RETURN_IF_ERROR(state.read_header(std::as_bytes(std::span(state.preamble))));
  FACET_RETURN_IF_ERROR(state.add_parts());
  state.index_tensors();
  return gguf;
}

bool GgufFile::is_intact() const {
  const auto is_whole = [](const std::unique_ptr<MappedFile>& file) { return file == nullptr || file->is_intact(); };
  return is_whole(state_->file) && std::all_of(state_->parts.files.begin(), state_->parts.files.end(), is_whole);
}

Error GgufFile::lost() const {
  return {Error::Code::Io, "'" + state_->path.filename().string() +
                               "' was cut off, or its disk is gone, while it was in use; open it again when it is "
                               "whole."};
}

bool GgufFile::has(std::string_view key) const {
  return state_->find(key) != nullptr;
}

std::optional<std::string_view> GgufFile::string(std::string_view key) const {
  const GgufEntry* entry = state_->find_scalar(key);
  if (entry == nullptr || entry->type != GgufType::String) return std::nullopt;
  return as_text(entry->data.subspan(sizeof(std::uint64_t)));
}

std::optional<std::int64_t> GgufFile::integer(std::string_view key) const {
  const GgufEntry* entry = state_->find_scalar(key);
  return entry == nullptr ? std::nullopt : integer_at(entry->type, entry->data.data());
}

std::optional<double> GgufFile::number(std::string_view key) const {
  const GgufEntry* entry = state_->find_scalar(key);
  return entry == nullptr ? std::nullopt : number_at(entry->type, entry->data.data());
}

std::optional<bool> GgufFile::boolean(std::string_view key) const {
  const std::optional<std::int64_t> value = integer(key);
  if (!value || (*value != 0 && *value != 1)) return std::nullopt;
  return *value == 1;
}

std::optional<std::vector<std::string_view>> GgufFile::strings(std::string_view key) const {
  const GgufEntry* entry = state_->find(key);
  if (entry == nullptr || entry->type != GgufType::String) return std::nullopt;
  std::vector<std::string_view> values;
  values.reserve(static_cast<std::size_t>(entry->count));
  ByteReader reader(entry->data);
  for (std::uint64_t i = 0; i < entry->count; ++i) {
    std::uint64_t length = 0;
    std::span<const std::byte> bytes;
    reader.read(length);
    reader.take(length, bytes);
    values.push_back(as_text(bytes));
  }
  return values;
}

std::optional<std::vector<std::int64_t>> GgufFile::integers(std::string_view key) const {
  return expand<std::int64_t>(state_->find(key), integer_at);
}

std::optional<std::vector<double>> GgufFile::numbers(std::string_view key) const {
  return expand<double>(state_->find(key), number_at);
}

const GgufTensor* GgufFile::find(std::string_view tensor_name) const {
  const auto& tensors = state_->header.tensors;
  const auto found = std::lower_bound(state_->tensors_by_name.begin(), state_->tensors_by_name.end(), tensor_name,
                                      [&](std::uint32_t i, std::string_view name) { return tensors[i].name < name; });
  return found == state_->tensors_by_name.end() || tensors[*found].name != tensor_name ? nullptr : &tensors[*found];
}

std::span<const GgufTensor> GgufFile::tensors() const {
  return state_->header.tensors;
}
const std::filesystem::path& GgufFile::path() const {
  return state_->path;
}
std::uint64_t GgufFile::file_bytes() const {
  if (state_->file != nullptr) return state_->file->bytes().size();
  std::uint64_t bytes = state_->preamble.size();
  for (const GgufTensor& tensor : state_->header.tensors)
    bytes += tensor.data.size();
  return bytes;
}

}  // namespace facet::engine
