#include "tests/model/gguf_writer.h"

#include <algorithm>
#include <bit>
#include <system_error>

namespace facet::model_maker {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

constexpr std::uint64_t kAlignment = 32;

enum GgufType : std::uint32_t { kUint32 = 4, kInt32 = 5, kFloat32 = 6, kBool = 7, kString = 8, kArray = 9 };

template <typename T>
void append(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_text(std::string& to, std::string_view text) {
  append(to, static_cast<std::uint64_t>(text.size()));
  to += text;
}

std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Everything in front of the data of the tensors.
std::string header_bytes(const GgufMetadata& metadata, std::span<const TensorInfo> tensors) {
  std::string header = "GGUF";
  append(header, std::uint32_t{3});
  append(header, static_cast<std::uint64_t>(tensors.size()));
  append(header, metadata.count());
  header += metadata.bytes();
  std::uint64_t offset = 0;
  for (const TensorInfo& tensor : tensors) {
    append_text(header, tensor.name);
    append(header, static_cast<std::uint32_t>(tensor.shape.size()));
    for (const std::uint64_t extent : tensor.shape)
      append(header, extent);
    append(header, static_cast<std::uint32_t>(tensor.format));
    append(header, offset);
    offset += aligned(tensor.bytes());
  }
  header.resize(aligned(header.size()));
  return header;
}

Error cannot_write(const std::filesystem::path& path, const std::string& why) {
  return {Error::Code::Io, "Cannot write " + path.string() + ": " + why + "."};
}

bool write_tensor(std::ofstream& out, const TensorInfo& tensor, const FillTensor& fill,
                  std::vector<std::byte>& buffer) {
  const std::uint64_t chunk = kGgufChunkBlocks * engine::format_info(tensor.format).block_bytes;
  buffer.resize(std::max<std::size_t>(buffer.size(), chunk));
  const auto write = [&](std::size_t count) {
    out.write(reinterpret_cast<const char*>(buffer.data()), static_cast<std::streamsize>(count));
    return out.good();
  };
  const std::uint64_t bytes = tensor.bytes();
  for (std::uint64_t done = 0; done < bytes;) {
    const std::uint64_t count = std::min(chunk, bytes - done);
    fill(std::span(buffer).first(count));
    if (!write(count)) return false;
    done += count;
  }
  std::fill_n(buffer.begin(), kAlignment, std::byte{0});
  return write(aligned(bytes) - bytes);
}

}  // namespace

std::uint64_t TensorInfo::elements() const {
  std::uint64_t count = 1;
  for (const std::uint64_t extent : shape)
    count *= extent;
  return count;
}

std::uint64_t TensorInfo::bytes() const {
  return engine::row_bytes(format, shape[0]) * (elements() / shape[0]);
}

void GgufMetadata::begin(std::string_view key, std::uint32_t type) {
  ++count_;
  append_text(bytes_, key);
  append(bytes_, type);
}

void GgufMetadata::begin_array(std::string_view key, std::uint32_t type, std::uint64_t count) {
  begin(key, kArray);
  append(bytes_, type);
  append(bytes_, count);
}

void GgufMetadata::set(std::string_view key, std::string_view text) {
  begin(key, kString);
  append_text(bytes_, text);
}
void GgufMetadata::set(std::string_view key, std::uint32_t number) {
  begin(key, kUint32);
  append(bytes_, number);
}
void GgufMetadata::set(std::string_view key, float number) {
  begin(key, kFloat32);
  append(bytes_, number);
}
void GgufMetadata::set(std::string_view key, bool truth) {
  begin(key, kBool);
  append(bytes_, static_cast<std::uint8_t>(truth));
}
void GgufMetadata::set(std::string_view key, std::span<const std::int32_t> numbers) {
  begin_array(key, kInt32, numbers.size());
  for (const std::int32_t number : numbers)
    append(bytes_, number);
}
void GgufMetadata::set(std::string_view key, std::span<const float> numbers) {
  begin_array(key, kFloat32, numbers.size());
  for (const float number : numbers)
    append(bytes_, number);
}
void GgufMetadata::set(std::string_view key, const std::vector<bool>& truths) {
  begin_array(key, kBool, truths.size());
  for (const bool truth : truths)
    append(bytes_, static_cast<std::uint8_t>(truth));
}
void GgufMetadata::set(std::string_view key, std::span<const std::string> texts) {
  begin_array(key, kString, texts.size());
  for (const std::string& text : texts)
    append_text(bytes_, text);
}

std::uint64_t gguf_file_bytes(const GgufMetadata& metadata, std::span<const TensorInfo> tensors) {
  std::uint64_t bytes = header_bytes(metadata, tensors).size();
  for (const TensorInfo& tensor : tensors)
    bytes += aligned(tensor.bytes());
  return bytes;
}

Status write_gguf(const std::filesystem::path& path, const GgufMetadata& metadata, std::span<const TensorInfo> tensors,
                  const std::function<FillTensor(std::size_t index)>& fill_of) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const std::filesystem::path unfinished = path.string() + ".part";
  std::error_code failure;
  const std::filesystem::space_info space = std::filesystem::space(folder, failure);
  const std::uint64_t needed = gguf_file_bytes(metadata, tensors);
  if (!failure && space.available < needed)
    return cannot_write(path, "it needs " + std::to_string(needed >> 20U) + " MiB and there are " +
                                  std::to_string(space.available >> 20U) + " MiB");
  std::ofstream out(unfinished, std::ios::binary);
  if (!out) return cannot_write(path, "the folder does not allow it");
  const std::string header = header_bytes(metadata, tensors);
  bool good = out.write(header.data(), static_cast<std::streamsize>(header.size())).good();
  std::vector<std::byte> buffer;
  for (std::size_t i = 0; good && i < tensors.size(); ++i)
    good = write_tensor(out, tensors[i], fill_of(i), buffer);
  out.close();
  if (good && out) std::filesystem::rename(unfinished, path, failure);
  if (good && out && !failure) return {};
  std::filesystem::remove(unfinished, failure);
  return cannot_write(path, "the disk is full or went away");
}

}  // namespace facet::model_maker
