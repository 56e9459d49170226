#include "engine/gguf/gguf_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/base/check.h"

namespace facet::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kAlignment = 32;
constexpr std::uint32_t kVersion = 3;

std::uint64_t aligned(std::uint64_t offset) {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

template <typename T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

// Everything in front of the tensor data, padded to where that begins.
std::string header_bytes(const GgufMetadata& metadata, const std::vector<GgufTensorInfo>& tensors) {
  std::string bytes = gguf_preamble(metadata, tensors.size());
  std::uint64_t offset = 0;
  for (const GgufTensorInfo& tensor : tensors) {
    put<std::uint64_t>(bytes, tensor.name.size());
    bytes += tensor.name;
    std::uint32_t dimensions = 4;
    while (dimensions > 1 && tensor.shape[dimensions - 1] == 1)
      --dimensions;
    put(bytes, dimensions);
    for (std::uint32_t i = 0; i < dimensions; ++i)
      put(bytes, tensor.shape[i]);
    put(bytes, tensor.format);
    put(bytes, offset);
    offset = aligned(offset + tensor.bytes());
  }
  bytes.resize(aligned(bytes.size()), '\0');
  return bytes;
}

Error write_error(const fs::path& path, int reason) {
  const std::string name = "'" + path.string() + "'";
  if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)
    return {Error::Code::Io, "There is not enough room on the disk for " + name + "."};
  if (reason == EACCES || reason == EPERM || reason == EROFS)
    return {Error::Code::Denied, "This user may not write " + name + "."};
  if (reason == ENOENT || reason == ENOTDIR) return {Error::Code::NotFound, "There is no folder for " + name + "."};
  return {Error::Code::Io, name + " can not be written: " + std::strerror(reason) + "."};
}

}  // namespace

std::string gguf_preamble(const GgufMetadata& metadata, std::uint64_t tensors) {
  std::string bytes = "GGUF";
  put(bytes, kVersion);
  put(bytes, tensors);
  put(bytes, metadata.count());
  return bytes + metadata.bytes();
}

struct GgufWriter::State {
  fs::path target;
  fs::path temporary;
  int file = -1;
  bool exists = false;
  std::uint64_t total = 0;
  // Sizes of the tensors' data; the one being written and what it still lacks.
  std::vector<std::uint64_t> sizes;
  std::size_t current = 0;
  std::uint64_t missing = 0;

  ~State() {
    if (file >= 0) ::close(file);
    if (exists) ::unlink(temporary.c_str());
  }

  Status open();
  Status reserve() const;
  Status write(std::span<const std::byte> bytes) const;
  Status end_tensor();
};

Status GgufWriter::State::open() {
  // Two conversions to one target must not write into one file.
  temporary = target;
  temporary += ".part-" + std::to_string(::getpid());
  file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return write_error(target, errno);
  exists = true;
  return {};
}

Status GgufWriter::State::reserve() const {
  while (::fallocate(file, 0, 0, static_cast<off_t>(total)) != 0) {
    if (errno == EINTR) continue;
    // A file system that can not reserve reports a full disk while it is written.
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL) return {};
    return write_error(target, errno);
  }
  return {};
}

Status GgufWriter::State::write(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    constexpr std::size_t kMostAtOnce = std::size_t{1} << 30U;
    const ssize_t written = ::write(file, bytes.data(), std::min(bytes.size(), kMostAtOnce));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return write_error(target, written < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

// Pads the tensor that is complete and goes to the next.
Status GgufWriter::State::end_tensor() {
  static constexpr std::array<std::byte, kAlignment> kZeros{};
  const std::uint64_t size = sizes[current];
  FACET_RETURN_IF_ERROR(write(std::span(kZeros).first(static_cast<std::size_t>(aligned(size) - size))));
  ++current;
  missing = current < sizes.size() ? sizes[current] : 0;
  return {};
}

GgufWriter::GgufWriter() : state_(std::make_unique<State>()) {}
GgufWriter::~GgufWriter() = default;

Result<std::unique_ptr<GgufWriter>> GgufWriter::create(const fs::path& target, const GgufMetadata& metadata,
                                                       std::vector<GgufTensorInfo> tensors) {
  std::unique_ptr<GgufWriter> writer(new GgufWriter);
  State& state = *writer->state_;
  state.target = target;
  const std::string header = header_bytes(metadata, tensors);
  state.total = header.size();
  for (const GgufTensorInfo& tensor : tensors) {
    state.sizes.push_back(tensor.bytes());
    state.total += aligned(tensor.bytes());
  }
  state.missing = state.sizes.empty() ? 0 : state.sizes.front();
  FACET_RETURN_IF_ERROR(state.open());
  FACET_RETURN_IF_ERROR(state.reserve());
  FACET_RETURN_IF_ERROR(state.write(std::as_bytes(std::span(header))));
  return writer;
}

std::uint64_t GgufWriter::file_bytes() const {
  return state_->total;
}

Status GgufWriter::append(std::span<const std::byte> data) {
  State& state = *state_;
  while (!data.empty()) {
    FACET_CHECK(state.current < state.sizes.size());
    const auto piece = data.first(static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), state.missing)));
    FACET_RETURN_IF_ERROR(state.write(piece));
    data = data.subspan(piece.size());
    state.missing -= piece.size();
    if (state.missing == 0) FACET_RETURN_IF_ERROR(state.end_tensor());
  }
  return {};
}

Status GgufWriter::finish() {
  State& state = *state_;
  FACET_CHECK(state.current == state.sizes.size(), "tensor %zu of %zu", state.current, state.sizes.size());
  if (::fsync(state.file) != 0) return write_error(state.target, errno);
  if (::rename(state.temporary.c_str(), state.target.c_str()) != 0) return write_error(state.target, errno);
  state.exists = false;
  return {};
}

}  // namespace facet::engine
