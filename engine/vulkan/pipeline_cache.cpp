#include "engine/vulkan/pipeline_cache.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include <unistd.h>

namespace facet::engine::vulkan {
namespace {

// In front of the driver's data, which drivers are known to trust.
struct Header {
  std::array<char, 8> magic = {'F', 'a', 'c', 'e', 't', 'P', 'C', '1'};
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;
};

// More is no cache of these few kernels.
constexpr std::uint64_t kMostBytes = 256ULL << 20U;

// FNV-1a, 64 bits.
std::uint64_t checksum_of(std::span<const std::byte> data) {
  std::uint64_t sum = 0xcbf29ce484222325ULL;
  for (const std::byte byte : data)
    sum = (sum ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3ULL;
  return sum;
}

std::filesystem::path cache_folder() {
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return std::filesystem::path(cache) / "facet";
  const char* const home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::filesystem::path(home) / ".cache" / "facet";
  return {};
}

}  // namespace

std::filesystem::path pipeline_cache_file(const Device& device) {
  const std::filesystem::path folder = cache_folder();
  if (folder.empty()) return {};
  std::string name = "vulkan-";
  constexpr char kDigits[] = "0123456789abcdef";
  for (const std::uint8_t byte : device.cache_id()) {
    name += kDigits[byte >> 4U];
    name += kDigits[byte & 15U];
  }
  return folder / (name + ".pipelines");
}

std::vector<std::byte> read_pipeline_cache(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  Header header;
  const Header expected;
  if (file.empty() || !in.read(reinterpret_cast<char*>(&header), sizeof header)) return {};
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error || header.magic != expected.magic || header.bytes > kMostBytes || header.bytes + sizeof header != size)
    return {};
  std::vector<std::byte> data(header.bytes);
  if (!in.read(reinterpret_cast<char*>(data.data()), static_cast<std::streamsize>(data.size()))) return {};
  if (checksum_of(data) != header.checksum) return {};
  return data;
}

// To a file of another name first: two programs may end at once, and one may be ended while it writes.
void write_pipeline_cache(const std::filesystem::path& file, std::span<const std::byte> data) {
  if (file.empty() || data.size() > kMostBytes) return;
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  std::filesystem::path unfinished = file;
  unfinished += "." + std::to_string(getpid());
  {
    Header header;
    header.bytes = data.size();
    header.checksum = checksum_of(data);
    std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(&header), sizeof header);
    out.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
    out.close();
    if (!out) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) std::filesystem::rename(unfinished, file, error);
  if (error) std::filesystem::remove(unfinished, error);
}

}  // namespace facet::engine::vulkan
