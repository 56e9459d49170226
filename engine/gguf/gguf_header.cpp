#include "engine/gguf/gguf_header.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstring>
#include <optional>
#include <string>

#include "engine/base/byte_reader.h"

namespace facet::engine {
namespace {

// Far above any real model (a 60-layer one has 833 tensors and some 50 keys), and low enough that a file of nothing but
// entries is refused at once.
constexpr std::uint64_t kMaxEntries = 65536;
constexpr std::uint64_t kMaxTensors = 65536;
constexpr std::uint64_t kMaxArrayElements = std::uint64_t{1} << 24U;
constexpr std::uint64_t kMaxNameBytes = 255;
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMaxAlignment = std::uint64_t{1} << 20U;

Error corrupt(const std::string& what) {
  return {Error::Code::CorruptFile, what};
}
Error unsupported(const std::string& what) {
  return {Error::Code::Unsupported, what};
}

Error ends_inside(const std::string& place) {
  return corrupt("the file ends inside " + place + ", so it is incomplete or damaged");
}

// A name from the file as it may stand in a message: short, and without bytes that disturb a terminal.
std::string quoted(std::string_view name) {
  std::string text = "'";
  for (const char c : name.substr(0, 64))
    text += std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '?';
  return text + (name.size() > 64 ? "...'" : "'");
}

Status read_string(ByteReader& reader, std::uint64_t max_bytes, const std::string& place, std::string_view& out) {
  std::uint64_t length = 0;
  std::span<const std::byte> bytes;
  if (!reader.read(length)) return ends_inside(place);
  if (length > reader.remaining())
    return corrupt(place + " claims a length of " + std::to_string(length) + " bytes, more than the file has left");
  if (length > max_bytes)
    return corrupt(place + " has " + std::to_string(length) + " bytes, more than the " + std::to_string(max_bytes) +
                   " that are allowed");
  reader.take(length, bytes);
  out = as_text(bytes);
  return {};
}

struct Counts {
  std::uint64_t tensors = 0;
  std::uint64_t entries = 0;
};

Result<Counts> read_preamble(ByteReader& reader) {
  std::span<const std::byte> magic;
  if (!reader.take(4, magic)) return ends_inside("its first bytes");
  if (as_text(magic) != "GGUF") return corrupt("it does not begin with 'GGUF', so it is not a GGUF model file");
  std::uint32_t version = 0;
  if (!reader.read(version)) return ends_inside("its first bytes");
  if ((version & 0xffffU) == 0) return unsupported("it is a big-endian GGUF file; Facet reads little-endian ones");
  if (version != 2 && version != 3)
    return unsupported("it is a GGUF file of version " + std::to_string(version) + "; Facet reads versions 2 and 3");
  Counts counts;
  if (!reader.read(counts.tensors) || !reader.read(counts.entries)) return ends_inside("its first bytes");
  if (counts.tensors > kMaxTensors)
    return corrupt("it claims " + std::to_string(counts.tensors) + " tensors; at most " + std::to_string(kMaxTensors) +
                   " are allowed");
  if (counts.entries > kMaxEntries)
    return corrupt("it claims " + std::to_string(counts.entries) + " metadata entries; at most " +
                   std::to_string(kMaxEntries) + " are allowed");
  return counts;
}

// Moves past the elements of an entry and remembers where they lie.
Status read_elements(ByteReader& reader, std::span<const std::byte> file, const std::string& place, GgufEntry& entry) {
  if (entry.type == GgufType::String) {
    const std::size_t begin = reader.position();
    for (std::uint64_t i = 0; i < entry.count; ++i) {
      std::string_view text;
      FACET_RETURN_IF_ERROR(read_string(reader, reader.remaining(), place, text));
    }
    entry.data = file.subspan(begin, reader.position() - begin);
    return {};
  }
  const std::size_t size = gguf_value_bytes(entry.type);
  if (size == 0)
    return corrupt(place + " has the unknown value type " + std::to_string(static_cast<std::uint32_t>(entry.type)));
  // No overflow: the count is at most kMaxArrayElements.
  if (!reader.take(entry.count * size, entry.data)) return ends_inside(place);
  return {};
}

Result<GgufEntry> read_entry(ByteReader& reader, std::span<const std::byte> file, std::uint64_t index) {
  GgufEntry entry{};
  const std::string ordinal = "the key of metadata entry " + std::to_string(index + 1);
  FACET_RETURN_IF_ERROR(read_string(reader, kMaxNameBytes, ordinal, entry.key));
  if (entry.key.empty()) return corrupt(ordinal + " is empty");
  const std::string place = "the metadata entry " + quoted(entry.key);
  entry.count = 1;
  std::uint32_t type = 0;
  if (!reader.read(type)) return ends_inside(place);
  if (static_cast<GgufType>(type) == GgufType::Array) {
    if (!reader.read(type) || !reader.read(entry.count)) return ends_inside(place);
    if (static_cast<GgufType>(type) == GgufType::Array)
      return unsupported(place + " is an array of arrays, which Facet does not read");
    if (entry.count > kMaxArrayElements)
      return corrupt(place + " claims " + std::to_string(entry.count) + " elements; at most " +
                     std::to_string(kMaxArrayElements) + " are allowed");
  }
  entry.type = static_cast<GgufType>(type);
  FACET_RETURN_IF_ERROR(read_elements(reader, file, place, entry));
  return entry;
}

Result<std::vector<GgufEntry>> read_entries(ByteReader& reader, std::span<const std::byte> file, std::uint64_t count) {
  std::vector<GgufEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    FACET_ASSIGN_OR_RETURN(GgufEntry entry, read_entry(reader, file, i));
    entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  const auto twin =
      std::adjacent_find(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.key == b.key; });
  if (twin != entries.end()) return corrupt("the metadata key " + quoted(twin->key) + " occurs twice");
  return entries;
}

const GgufEntry* find_entry(const std::vector<GgufEntry>& entries, std::string_view key) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

// Every integer a header needs itself is unsigned and small; a value of another type has no meaning there.
std::optional<std::uint64_t> small_unsigned(const GgufEntry& entry) {
  const std::size_t size = gguf_value_bytes(entry.type);
  if (entry.count != 1 || size == 0 || entry.type == GgufType::F32 || entry.type == GgufType::F64) return std::nullopt;
  std::uint64_t value = 0;
  std::memcpy(&value, entry.data.data(), size);
  return value;
}

Result<std::uint64_t> read_alignment(const std::vector<GgufEntry>& entries) {
  const GgufEntry* entry = find_entry(entries, "general.alignment");
  if (entry == nullptr) return kDefaultAlignment;
  const std::optional<std::uint64_t> value = small_unsigned(*entry);
  if (!value || !std::has_single_bit(*value) || *value > kMaxAlignment)
    return corrupt("'general.alignment' is not a power of two up to " + std::to_string(kMaxAlignment));
  return *value;
}

Status refuse_split_file(const std::vector<GgufEntry>& entries) {
  const GgufEntry* entry = find_entry(entries, "split.count");
  const std::uint64_t parts = entry == nullptr ? 1 : small_unsigned(*entry).value_or(0);
  if (parts <= 1) return {};
  return unsupported("it is one of " + std::to_string(parts) +
                     " parts of a split model; join the parts into one file with 'llama-gguf-split --merge' first");
}

// A tensor info and where it says that its data lies.
struct TensorInfo {
  GgufTensor tensor{};
  std::uint64_t offset = 0;
};

Result<TensorInfo> read_tensor_info(ByteReader& reader, std::uint64_t index) {
  TensorInfo info;
  const std::string ordinal = "the name of tensor " + std::to_string(index + 1);
  FACET_RETURN_IF_ERROR(read_string(reader, kMaxNameBytes, ordinal, info.tensor.name));
  const std::string place = "the tensor " + quoted(info.tensor.name);
  std::uint32_t dimensions = 0;
  if (!reader.read(dimensions)) return ends_inside(place);
  if (dimensions < 1 || dimensions > info.tensor.shape.size())
    return corrupt(place + " has " + std::to_string(dimensions) + " dimensions; 1 to 4 are allowed");
  info.tensor.shape.fill(1);
  for (std::uint32_t i = 0; i < dimensions; ++i)
    if (!reader.read(info.tensor.shape[i])) return ends_inside(place);
  std::uint32_t type = 0;
  if (!reader.read(type) || !reader.read(info.offset)) return ends_inside(place);
  if (find_format(type) == nullptr)
    return unsupported(place + " has the tensor type " + std::to_string(type) + ", which Facet does not know");
  info.tensor.format = static_cast<Format>(type);
  return info;
}

Status place_tensor(TensorInfo& info, std::span<const std::byte> data, std::uint64_t alignment) {
  const std::string place = "the tensor " + quoted(info.tensor.name);
  FACET_ASSIGN_OR_RETURN(const std::uint64_t bytes, gguf_tensor_bytes(info.tensor));
  if (info.offset % alignment != 0)
    return corrupt(place + " begins at offset " + std::to_string(info.offset) + ", which is not a multiple of " +
                   std::to_string(alignment));
  if (info.offset > data.size() || bytes > data.size() - info.offset)
    return corrupt(place + " reaches beyond the end of the file, so the file is incomplete or damaged");
  info.tensor.data = data.subspan(static_cast<std::size_t>(info.offset), static_cast<std::size_t>(bytes));
  return {};
}

Status refuse_duplicate_tensors(const std::vector<GgufTensor>& tensors) {
  std::vector<std::string_view> names;
  names.reserve(tensors.size());
  for (const GgufTensor& tensor : tensors)
    names.push_back(tensor.name);
  std::sort(names.begin(), names.end());
  const auto twin = std::adjacent_find(names.begin(), names.end());
  if (twin != names.end()) return corrupt("the tensor " + quoted(*twin) + " occurs twice");
  return {};
}

// Writers lay the tensors one behind the other. Were bytes counted twice, a small file could claim any amount of
// memory.
Status refuse_shared_bytes(const std::vector<GgufTensor>& tensors) {
  std::vector<const GgufTensor*> placed;
  placed.reserve(tensors.size());
  for (const GgufTensor& tensor : tensors)
    placed.push_back(&tensor);
  std::stable_sort(placed.begin(), placed.end(), [](const GgufTensor* left, const GgufTensor* right) {
    return left->data.data() < right->data.data();
  });
  const auto pair =
      std::adjacent_find(placed.begin(), placed.end(), [](const GgufTensor* left, const GgufTensor* right) {
        return left->data.data() + left->data.size() > right->data.data();
      });
  if (pair == placed.end()) return {};
  return corrupt("the tensor " + quoted(pair[1]->name) + " shares bytes with the tensor " + quoted(pair[0]->name));
}

}  // namespace

std::size_t gguf_value_bytes(GgufType type) {
  switch (type) {
    case GgufType::U8:
    case GgufType::I8:
    case GgufType::Bool:
      return 1;
    case GgufType::U16:
    case GgufType::I16:
      return 2;
    case GgufType::U32:
    case GgufType::I32:
    case GgufType::F32:
      return 4;
    case GgufType::U64:
    case GgufType::I64:
    case GgufType::F64:
      return 8;
    case GgufType::String:
    case GgufType::Array:
      return 0;
  }
  return 0;
}

Result<std::uint64_t> gguf_tensor_bytes(const GgufTensor& tensor) {
  const std::string place = "the tensor " + quoted(tensor.name);
  const FormatInfo& format = format_info(tensor.format);
  std::uint64_t elements = 1;
  for (const std::uint64_t extent : tensor.shape) {
    if (extent == 0) return corrupt(place + " has a dimension of size 0");
    if (__builtin_mul_overflow(elements, extent, &elements) || elements > INT64_MAX)
      return corrupt(place + " has dimensions whose product is too large");
  }
  if (tensor.shape[0] % format.block_elements != 0)
    return corrupt(place + " has rows of " + std::to_string(tensor.shape[0]) + " elements, which blocks of " +
                   std::to_string(format.block_elements) + " (" + std::string(format.name) + ") do not divide");
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(elements / format.block_elements, std::uint64_t{format.block_bytes}, &bytes))
    return corrupt(place + " has dimensions whose product is too large");
  return bytes;
}

Result<GgufHeader> read_gguf_header(std::span<const std::byte> file) {
  ByteReader reader(file);
  FACET_ASSIGN_OR_RETURN(const Counts counts, read_preamble(reader));
  GgufHeader header;
  FACET_ASSIGN_OR_RETURN(header.entries, read_entries(reader, file, counts.entries));
  FACET_RETURN_IF_ERROR(refuse_split_file(header.entries));
  FACET_ASSIGN_OR_RETURN(const std::uint64_t alignment, read_alignment(header.entries));

  std::vector<TensorInfo> infos;
  for (std::uint64_t i = 0; i < counts.tensors; ++i) {
    FACET_ASSIGN_OR_RETURN(TensorInfo info, read_tensor_info(reader, i));
    infos.push_back(info);
  }
  const std::uint64_t data_begin = (reader.position() + alignment - 1) / alignment * alignment;
  const auto data = file.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(data_begin, file.size())));
  for (TensorInfo& info : infos) {
    FACET_RETURN_IF_ERROR(place_tensor(info, data, alignment));
    header.tensors.push_back(info.tensor);
  }
  FACET_RETURN_IF_ERROR(refuse_duplicate_tensors(header.tensors));
  FACET_RETURN_IF_ERROR(refuse_shared_bytes(header.tensors));
  return header;
}

}  // namespace facet::engine
