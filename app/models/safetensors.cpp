#include "app/models/safetensors.h"

#include <array>
#include <utility>

#include "app/models/json_file.h"
#include "engine/base/byte_reader.h"

namespace facet::app::models {

namespace {

using engine::Format;

// Far above any real model, whose header has some hundred bytes for each tensor.
constexpr std::uint64_t kMaxHeaderBytes = std::uint64_t{16} << 20U;
constexpr std::size_t kMaxTensors = 65536;
constexpr std::size_t kMaxDimensions = 8;

struct ElementType {
  std::string_view name;
  std::uint64_t bytes;
  std::optional<Format> format;
};

constexpr std::array kTypes = {
    ElementType{"BF16", 2, Format::BF16},    ElementType{"F16", 2, Format::F16},
    ElementType{"F32", 4, Format::F32},      ElementType{"F64", 8, std::nullopt},
    ElementType{"I64", 8, std::nullopt},     ElementType{"I32", 4, std::nullopt},
    ElementType{"I16", 2, std::nullopt},     ElementType{"I8", 1, std::nullopt},
    ElementType{"U64", 8, std::nullopt},     ElementType{"U32", 4, std::nullopt},
    ElementType{"U16", 2, std::nullopt},     ElementType{"U8", 1, std::nullopt},
    ElementType{"BOOL", 1, std::nullopt},    ElementType{"F8_E4M3", 1, std::nullopt},
    ElementType{"F8_E5M2", 1, std::nullopt},
};

const ElementType* find_type(std::string_view name) {
  for (const ElementType& type : kTypes)
    if (type.name == name) return &type;
  return nullptr;
}

// Makes the sentences of one file.
class Refusal {
 public:
  explicit Refusal(const std::filesystem::path& path) : name_(path.filename().string()) {}
  Error operator()(const std::string& what) const {
    return {Error::Code::CorruptFile, "'" + name_ + "' can not be used: " + what + "."};
  }

 private:
  std::string name_;
};

// A list of non-negative integers, or nothing.
std::optional<std::vector<std::uint64_t>> numbers_of(const Json& object, std::string_view key) {
  const Json* list = member(object, key);
  if (list == nullptr || !list->is_array()) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  for (const Json& value : *list) {
    const std::optional<std::uint64_t> number = unsigned_value(value);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

// The bytes of a tensor; nothing when they do not fit 63 bits. A tensor without dimensions has one element.
std::optional<std::uint64_t> bytes_of(const std::vector<std::uint64_t>& shape, std::uint64_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (const std::uint64_t extent : shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes) || bytes > INT64_MAX) return std::nullopt;
  return bytes;
}

Result<SafeTensor> read_tensor(const std::string& name, const Json& entry, std::span<const std::byte> data,
                               const Refusal& refuse) {
  const std::string place = "the tensor '" + printable(name) + "'";
  const std::optional<std::string> type = string_of(entry, "dtype");
  auto shape = numbers_of(entry, "shape");
  const auto offsets = numbers_of(entry, "data_offsets");
  if (!type || !shape || !offsets || offsets->size() != 2) return refuse(place + " is not described completely");
  const ElementType* element = find_type(*type);
  if (element == nullptr) return refuse(place + " has the unknown type '" + printable(*type) + "'");
  if (shape->size() > kMaxDimensions) return refuse(place + " has " + std::to_string(shape->size()) + " dimensions");
  const std::optional<std::uint64_t> bytes = bytes_of(*shape, element->bytes);
  if (!bytes) return refuse(place + " has dimensions whose product is too large");
  const std::uint64_t begin = (*offsets)[0];
  const std::uint64_t end = (*offsets)[1];
  if (begin > end || end - begin != *bytes) return refuse(place + " does not have the bytes that its shape needs");
  if (end > data.size())
    return refuse(place + " reaches beyond the end of the file, so the file is incomplete or damaged");
  return SafeTensor{name, *type, element->format, std::move(*shape),
                    data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(*bytes))};
}

}  // namespace

Result<SafetensorsFile> open_safetensors(const std::filesystem::path& path) {
  const Refusal refuse(path);
  SafetensorsFile opened;
  FACET_ASSIGN_OR_RETURN(opened.file, MappedFile::open(path));
  ByteReader reader(opened.file->bytes());
  std::uint64_t header_bytes = 0;
  std::span<const std::byte> header;
  if (!reader.read(header_bytes)) return refuse("it ends inside its first bytes");
  if (header_bytes > kMaxHeaderBytes) return refuse("it does not begin like a safetensors file");
  if (!reader.take(header_bytes, header)) return refuse("it ends inside its header, so it is incomplete or damaged");
  const std::optional<Json> entries = parse_json(as_text(header));
  if (!entries || !entries->is_object()) return refuse("its header is not valid JSON");
  if (entries->size() > kMaxTensors) return refuse("it has " + std::to_string(entries->size()) + " tensors");
  const auto data = opened.file->bytes().subspan(reader.position());
  for (const auto& [name, entry] : entries->items()) {
    if (name == "__metadata__") continue;
    FACET_ASSIGN_OR_RETURN(SafeTensor tensor, read_tensor(name, entry, data, refuse));
    opened.tensors.push_back(std::move(tensor));
  }
  return opened;
}

}  // namespace facet::app::models
