#include "engine/media/media_folder.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/base/sha256.h"

namespace facet::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigits = 64;  // of a digest
constexpr const char* kRows = ".rows";
constexpr const char* kDigest = ".digest";
// Of a program that ended while it wrote.
constexpr std::chrono::hours kForgotten{1};

struct Header {
  std::array<char, 8> magic = {'F', 'a', 'c', 'e', 't', 'E', 'M', '1'};
  std::array<char, kDigits> key = {};
  std::array<char, kDigits> checksum = {};  // of the rows
  std::uint32_t kind = 0;
  std::uint32_t width = 0;
  std::uint64_t values = 0;
};
static_assert(sizeof(Header) == 8 + 2 * kDigits + 16);

std::array<char, kDigits> digits_of(std::string_view digest) {
  std::array<char, kDigits> digits = {};
  std::copy_n(digest.begin(), std::min(digest.size(), kDigits), digits.begin());
  return digits;
}

bool is_digest(std::string_view text) {
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string_view bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// What comes behind the digest in the name of a file of ours; nothing for the files of others.
std::optional<std::string> ending_of(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.size() <= kDigits || !is_digest(std::string_view(name).substr(0, kDigits))) return std::nullopt;
  std::string ending = name.substr(kDigits);
  const bool is_ours = ending.starts_with(kRows) || ending.starts_with(kDigest);
  return is_ours ? std::optional(std::move(ending)) : std::nullopt;
}

// Asked for just now.
void touch(const fs::path& file) {
  std::error_code failure;
  fs::last_write_time(file, fs::file_time_type::clock::now(), failure);
}

struct Kept {
  fs::path path;
  std::uint64_t bytes = 0;
  fs::file_time_type used;
};

}  // namespace

MediaFolder::MediaFolder(fs::path folder, std::uint64_t most_bytes)
    : folder_(std::move(folder)), most_bytes_(most_bytes) {}

fs::path MediaFolder::file_of(const std::string& key, const char* ending) const {
  return folder_ / (key + ending);
}

std::shared_ptr<const MediaEmbedding> MediaFolder::find(const std::string& key, MediaEmbedding::Kind kind,
                                                        std::uint32_t width, const std::string& hash) const {
  const fs::path file = file_of(key, kRows);
  std::ifstream in(file, std::ios::binary);
  Header header;
  const Header expected;
  if (!in.read(reinterpret_cast<char*>(&header), sizeof header)) return nullptr;
  std::error_code failure;
  const std::uintmax_t size = fs::file_size(file, failure);
  if (failure || header.magic != expected.magic || header.key != digits_of(key) ||
      header.kind != static_cast<std::uint32_t>(kind) || header.width != width || width == 0)
    return nullptr;
  // The size says how much to read: a number in a damaged file may be anything.
  if (size > most_bytes_ || header.values > size || size != sizeof header + header.values * sizeof(float) ||
      header.values == 0 || header.values % width != 0)
    return nullptr;
  std::vector<float> rows(header.values);
  if (!in.read(reinterpret_cast<char*>(rows.data()), static_cast<std::streamsize>(rows.size() * sizeof(float))))
    return nullptr;
  if (digits_of(sha256_hex(bytes_of(rows))) != header.checksum) return nullptr;
  touch(file);
  return std::make_shared<const MediaEmbedding>(MediaEmbedding{kind, hash, width, std::move(rows)});
}

void MediaFolder::add(const std::string& key, const MediaEmbedding& media) {
  Header header;
  header.key = digits_of(key);
  header.checksum = digits_of(sha256_hex(bytes_of(media.rows)));
  header.kind = static_cast<std::uint32_t>(media.kind);
  header.width = media.width;
  header.values = media.rows.size();
  if (sizeof header + media.rows.size() * sizeof(float) > most_bytes_) return;
  write(file_of(key, kRows), {reinterpret_cast<const char*>(&header), sizeof header}, bytes_of(media.rows));
}

std::string MediaFolder::find_digest(const std::string& key) const {
  const fs::path file = file_of(key, kDigest);
  std::ifstream in(file, std::ios::binary);
  // The digest and one of it, so that a part of it is none.
  std::string text(2 * kDigits, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(text.size()))) return {};
  const std::string digest = text.substr(0, kDigits);
  if (!is_digest(digest) || text.substr(kDigits) != sha256_hex(digest)) return {};
  touch(file);
  return digest;
}

void MediaFolder::add_digest(const std::string& key, const std::string& digest) {
  write(file_of(key, kDigest), digest, sha256_hex(digest));
}

// To a file of another name first: a program may be ended while it writes, and another one may read. Nobody else has to
// see what a user has looked at.
void MediaFolder::write(const fs::path& file, std::string_view header, std::string_view contents) {
  const std::lock_guard one_at_a_time(writing_);
  std::error_code failure;
  if (fs::create_directories(folder_, failure)) fs::permissions(folder_, fs::perms::owner_all, failure);
  fs::path unfinished = file;
  unfinished += "." + std::to_string(getpid());
  {
    std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
    out.write(header.data(), static_cast<std::streamsize>(header.size()));
    out.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    out.close();
    failure = out ? std::error_code() : std::make_error_code(std::errc::io_error);
  }
  if (!failure) fs::rename(unfinished, file, failure);
  std::error_code ignored;
  if (failure) fs::remove(unfinished, ignored);
  make_room();
}

// Another program may remove the same files.
void MediaFolder::make_room() const {
  std::vector<Kept> kept;
  std::uint64_t bytes = 0;
  const auto now = fs::file_time_type::clock::now();
  std::error_code failure;
  for (fs::directory_iterator entry(folder_, failure), end; !failure && entry != end; entry.increment(failure)) {
    const auto ending = ending_of(entry->path());
    std::error_code gone;
    if (!ending || !entry->is_regular_file(gone)) continue;
    Kept file{entry->path(), entry->file_size(gone), entry->last_write_time(gone)};
    if (gone) continue;
    const bool is_finished = *ending == kRows || *ending == kDigest;
    if (!is_finished && file.used + kForgotten < now) fs::remove(file.path, gone);
    if (!is_finished) continue;
    bytes += file.bytes;
    kept.push_back(std::move(file));
  }
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
  for (const Kept& file : kept) {
    if (bytes <= most_bytes_) return;
    std::error_code gone;
    fs::remove(file.path, gone);
    bytes -= file.bytes;
  }
}

}  // namespace facet::engine
