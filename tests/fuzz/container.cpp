#include "container.h"

#include <cstring>

namespace fuzz {

namespace {

constexpr std::size_t kAlignment = 32;

template <typename T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void put_text(std::string& bytes, const std::string& text) {
  put<std::uint64_t>(bytes, text.size());
  bytes += text;
}

void pad(std::string& bytes) {
  bytes.resize((bytes.size() + kAlignment - 1) / kAlignment * kAlignment, '\0');
}

// Reads forward; after the first failure everything fails.
class Cursor {
 public:
  explicit Cursor(const std::string& bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t position() const { return at_; }

  template <typename T>
  T read() {
    T value{};
    if (bytes_.size() - at_ < sizeof(T)) ok_ = false;
    if (!ok_) return value;
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  std::string take(std::uint64_t count) {
    if (bytes_.size() - at_ < count) ok_ = false;
    if (!ok_) return {};
    at_ += static_cast<std::size_t>(count);
    return bytes_.substr(at_ - static_cast<std::size_t>(count), static_cast<std::size_t>(count));
  }
  std::string text() {
    const auto length = read<std::uint64_t>();
    return take(length);
  }
  void fail() { ok_ = false; }

 private:
  const std::string& bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

Entry read_entry(Cursor& cursor) {
  Entry entry;
  entry.key = cursor.text();
  entry.type = cursor.read<std::uint32_t>();
  entry.is_array = entry.type == kArray;
  std::uint64_t count = 1;
  if (entry.is_array) {
    entry.type = cursor.read<std::uint32_t>();
    count = cursor.read<std::uint64_t>();
  }
  const std::size_t size = value_bytes(entry.type);
  if (size == 0 && entry.type != kString) cursor.fail();
  for (std::uint64_t i = 0; i < count && cursor.ok(); ++i)
    entry.elements.push_back(entry.type == kString ? cursor.text() : cursor.take(size));
  return entry;
}

Tensor read_tensor(Cursor& cursor) {
  Tensor tensor;
  tensor.name = cursor.text();
  const auto dimensions = cursor.read<std::uint32_t>();
  if (dimensions > 4) cursor.fail();
  for (std::uint32_t i = 0; i < dimensions && cursor.ok(); ++i)
    tensor.shape.push_back(cursor.read<std::uint64_t>());
  tensor.type = cursor.read<std::uint32_t>();
  tensor.offset = cursor.read<std::uint64_t>();
  return tensor;
}

// The data of a tensor reaches to where the next one begins.
bool take_data(std::vector<Tensor>& tensors, const std::string& data) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::uint64_t begin = *tensors[i].offset;
    const std::uint64_t end = i + 1 < tensors.size() ? *tensors[i + 1].offset : data.size();
    if (begin > end || end > data.size()) return false;
    tensors[i].data = data.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  }
  for (Tensor& tensor : tensors)
    tensor.offset.reset();
  return true;
}

}  // namespace

std::size_t value_bytes(std::uint32_t type) {
  constexpr std::size_t kBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return type < std::size(kBytes) ? kBytes[type] : 0;
}

std::string serialized(const Container& container) {
  std::string bytes = "GGUF";
  put(bytes, container.version);
  put<std::uint64_t>(bytes, container.claimed_tensors.value_or(container.tensors.size()));
  put<std::uint64_t>(bytes, container.claimed_entries.value_or(container.entries.size()));
  for (const Entry& entry : container.entries) {
    put_text(bytes, entry.key);
    if (entry.is_array) put<std::uint32_t>(bytes, kArray);
    put(bytes, entry.type);
    if (entry.is_array) put<std::uint64_t>(bytes, entry.claimed.value_or(entry.elements.size()));
    for (const std::string& element : entry.elements)
      entry.type == kString ? put_text(bytes, element) : void(bytes += element);
  }
  std::string data;
  for (const Tensor& tensor : container.tensors) {
    put_text(bytes, tensor.name);
    put<std::uint32_t>(bytes, static_cast<std::uint32_t>(tensor.shape.size()));
    for (const std::uint64_t extent : tensor.shape)
      put(bytes, extent);
    put(bytes, tensor.type);
    put<std::uint64_t>(bytes, tensor.offset.value_or(data.size()));
    data += tensor.data;
    pad(data);
  }
  if (!container.tensors.empty()) pad(bytes);
  return bytes + data;
}

std::optional<Container> parsed(const std::string& bytes) {
  Cursor cursor(bytes);
  if (cursor.take(4) != "GGUF") return std::nullopt;
  Container container;
  container.version = cursor.read<std::uint32_t>();
  const auto tensors = cursor.read<std::uint64_t>();
  const auto entries = cursor.read<std::uint64_t>();
  for (std::uint64_t i = 0; i < entries && cursor.ok(); ++i)
    container.entries.push_back(read_entry(cursor));
  for (std::uint64_t i = 0; i < tensors && cursor.ok(); ++i)
    container.tensors.push_back(read_tensor(cursor));
  if (!cursor.ok()) return std::nullopt;
  const std::size_t begin = (cursor.position() + kAlignment - 1) / kAlignment * kAlignment;
  const std::string data = begin < bytes.size() ? bytes.substr(begin) : std::string();
  if (!take_data(container.tensors, data)) return std::nullopt;
  return container;
}

}  // namespace fuzz
