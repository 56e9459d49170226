#include "agent/attachment.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "agent/utf8.h"
#include "engine/base/sha256.h"

namespace facet::agent {

namespace {

namespace fs = std::filesystem;

// A longer text would crowd out the conversation; the tools read it in parts.
constexpr std::int64_t kMaxTextBytes = 16 * 1024;
// Beyond this the user would wait for a checksum: such files, long recordings mostly, go without one.
constexpr std::int64_t kMaxHashedBytes = std::int64_t{1} << 30;

struct MediaType {
  std::string_view suffix;
  std::string_view name;
};
constexpr std::array kMediaTypes = {
    MediaType{".csv", "text/csv"},        MediaType{".flac", "audio/flac"},       MediaType{".gif", "image/gif"},
    MediaType{".htm", "text/html"},       MediaType{".html", "text/html"},        MediaType{".jpeg", "image/jpeg"},
    MediaType{".jpg", "image/jpeg"},      MediaType{".json", "application/json"}, MediaType{".m4a", "audio/mp4"},
    MediaType{".md", "text/markdown"},    MediaType{".mkv", "video/x-matroska"},  MediaType{".mov", "video/quicktime"},
    MediaType{".mp3", "audio/mpeg"},      MediaType{".mp4", "video/mp4"},         MediaType{".ogg", "audio/ogg"},
    MediaType{".pdf", "application/pdf"}, MediaType{".png", "image/png"},         MediaType{".svg", "image/svg+xml"},
    MediaType{".wav", "audio/wav"},       MediaType{".webm", "video/webm"},       MediaType{".webp", "image/webp"},
    MediaType{".xml", "application/xml"},
};

std::string media_type_of(const fs::path& path, bool is_text) {
  std::string suffix = path.extension().string();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const MediaType& type : kMediaTypes)
    if (type.suffix == suffix) return std::string(type.name);
  return is_text ? "text/plain" : "application/octet-stream";
}

Error unreadable(const std::string& path, const std::string& cause) {
  return {Error::Code::NotFound, "The file " + to_utf8(path) + " can not be read: " + cause + "."};
}

// The checksum of a stream, and its first bytes.
struct Content {
  std::string sha256;
  std::string beginning;
  std::int64_t bytes = 0;
};

Result<Content> read_content(const std::string& path, bool with_hash) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path, std::strerror(errno));
  Content content;
  Sha256 hash;
  std::array<char, 64 * 1024> buffer;
  while (file) {
    file.read(buffer.data(), buffer.size());
    const std::string_view read(buffer.data(), static_cast<std::size_t>(file.gcount()));
    content.bytes += file.gcount();
    if (content.bytes <= kMaxTextBytes) content.beginning += read;
    if (!with_hash) return content;
    hash.update(read);
  }
  if (file.bad()) return unreadable(path, std::strerror(errno));
  content.sha256 = hash.finish();
  return content;
}

struct Place {
  fs::path path;
  std::int64_t bytes = 0;
};

Result<Place> find_file(const std::string& path) {
  std::error_code failure;
  const fs::path resolved = fs::canonical(path, failure);
  if (failure) return unreadable(path, failure.message());
  if (!fs::is_regular_file(resolved, failure)) {
    if (fs::is_directory(resolved, failure)) return unreadable(path, "it is a folder; add it as a folder instead");
    return unreadable(path, "it is not an ordinary file");
  }
  const auto bytes = static_cast<std::int64_t>(fs::file_size(resolved, failure));
  if (failure) return unreadable(path, failure.message());
  return Place{resolved, bytes};
}

// `content` is all of the file, or its beginning.
AttachmentPart part_of(const Place& place, Content content) {
  const bool is_whole = content.bytes == static_cast<std::int64_t>(content.beginning.size());
  const bool is_text = is_whole && content.beginning.find('\0') == std::string::npos && is_utf8(content.beginning);
  AttachmentPart part;
  part.name = to_utf8(place.path.filename().string());
  part.path = place.path.string();
  part.media_type = media_type_of(place.path, is_text);
  part.bytes = content.bytes;
  part.sha256 = std::move(content.sha256);
  if (is_text) part.text = std::move(content.beginning);
  return part;
}

}  // namespace

Result<AttachmentPart> read_attachment(const std::string& path) {
  FACET_ASSIGN_OR_RETURN(const Place place, find_file(path));
  const bool with_hash = place.bytes <= kMaxHashedBytes;
  FACET_ASSIGN_OR_RETURN(Content content, read_content(place.path.string(), with_hash));
  if (!with_hash) content.bytes = place.bytes;
  return part_of(place, std::move(content));
}

Result<AttachmentPart> glance_at_attachment(const std::string& path) {
  FACET_ASSIGN_OR_RETURN(const Place place, find_file(path));
  if (place.bytes <= kMaxTextBytes) return read_attachment(path);
  Content unread;
  unread.bytes = place.bytes;
  return part_of(place, std::move(unread));
}

}  // namespace facet::agent
