#include "agent/attachment_folder.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

namespace facet::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGrowing = ".part";
constexpr std::size_t kPieceBytes = std::size_t{1} << 20U;

// Nothing but what was put there by this class is ever removed.
bool is_checksum(std::string_view name) {
  return name.size() == 64 &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Error not_kept(const AttachmentPart& file, const std::error_code& failure) {
  if (failure == std::errc::operation_canceled) return {Error::Code::Stopped, "Stopped."};
  return {Error::Code::Io, "The file " + file.name + " can not be copied to the data folder: " + failure.message() +
                               "; make room there and try again."};
}

// Of what the last call of a stream has failed with.
std::error_code stream_failure() {
  return {errno != 0 ? errno : EIO, std::generic_category()};
}

std::error_code copy(const fs::path& from, const fs::path& to, const std::stop_token& stop) {
  std::vector<char> piece(kPieceBytes);
  errno = 0;
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  while (in && out) {
    if (stop.stop_requested()) return std::make_error_code(std::errc::operation_canceled);
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    out.write(piece.data(), in.gcount());
  }
  out.close();
  return in.eof() && out ? std::error_code() : stream_failure();
}

}  // namespace

Status AttachmentFolder::keep(const AttachmentPart& file, const std::stop_token& stop) const {
  return keep(file, [&](const fs::path& growing) { return copy(file.path, growing, stop); });
}

Status AttachmentFolder::keep(const AttachmentPart& file, std::string_view bytes) const {
  return keep(file, [&](const fs::path& growing) {
    errno = 0;
    std::ofstream out(growing, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    return out ? std::error_code() : stream_failure();
  });
}

// The copy appears under its name only when it is complete.
Status AttachmentFolder::keep(const AttachmentPart& file,
                              const std::function<std::error_code(const fs::path& growing)>& write) const {
  if (folder_.empty() || file.sha256.empty()) return {};
  std::error_code failure;
  const fs::path target = folder_ / file.sha256;
  if (fs::exists(target, failure)) return {};
  if (!fs::is_directory(folder_, failure)) {
    fs::create_directories(folder_, failure);
    if (failure) return not_kept(file, failure);
    fs::permissions(folder_, fs::perms::owner_all, failure);
  }
  fs::path growing = target;
  growing += kGrowing;
  failure = write(growing);
  if (!failure) fs::permissions(growing, fs::perms::owner_read | fs::perms::owner_write, failure);
  if (!failure) fs::rename(growing, target, failure);
  if (!failure) return {};
  std::error_code ignored;
  fs::remove(growing, ignored);
  return not_kept(file, failure);
}

std::string AttachmentFolder::find(const AttachmentPart& file) const {
  std::error_code failure;
  if (!folder_.empty() && !file.sha256.empty()) {
    const fs::path copy = folder_ / file.sha256;
    if (fs::is_regular_file(copy, failure)) return copy.string();
  }
  return fs::is_regular_file(file.path, failure) ? file.path : std::string();
}

void AttachmentFolder::remove_others(const std::set<std::string>& used) const {
  std::error_code failure;
  std::vector<fs::path> others;
  for (fs::directory_iterator entry(folder_, failure); !failure && entry != fs::directory_iterator();
       entry.increment(failure)) {
    std::string name = entry->path().filename().string();
    if (name.ends_with(kGrowing)) name.resize(name.size() - kGrowing.size());
    if (is_checksum(name) && !used.contains(name)) others.push_back(entry->path());
  }
  for (const fs::path& other : others)
    fs::remove(other, failure);
}

}  // namespace facet::agent
