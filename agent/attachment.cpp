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

constexpr std::size_t kMostDescribed = 256;

struct MediaType {
  std::string_view suffix;
  std::string_view name;
};
constexpr std::array kMediaTypes = {
    MediaType{".3gp", "video/3gpp"},      MediaType{".aac", "audio/aac"},         MediaType{".aif", "audio/aiff"},
    MediaType{".aiff", "audio/aiff"},     MediaType{".avi", "video/x-msvideo"},   MediaType{".avif", "image/avif"},
    MediaType{".bmp", "image/bmp"},       MediaType{".heic", "image/heic"},       MediaType{".heif", "image/heif"},
    MediaType{".m4v", "video/mp4"},       MediaType{".mpeg", "video/mpeg"},       MediaType{".mpg", "video/mpeg"},
    MediaType{".oga", "audio/ogg"},       MediaType{".ogv", "video/ogg"},         MediaType{".opus", "audio/ogg"},
    MediaType{".tif", "image/tiff"},      MediaType{".tiff", "image/tiff"},       MediaType{".wma", "audio/x-ms-wma"},
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

// By its name, or by how it begins.
bool is_media(std::string_view media_type, std::string_view head) {
  if (media_type == "image/svg+xml") return false;
  for (const std::string_view kind : {"image/", "audio/", "video/"})
    if (media_type.starts_with(kind)) return true;
  using namespace std::string_view_literals;
  for (const std::string_view beginning :
       {"\x89PNG"sv, "\xFF\xD8\xFF"sv, "GIF8"sv, "RIFF"sv, "OggS"sv, "fLaC"sv, "ID3"sv, "\x1A\x45\xDF\xA3"sv})
    if (head.starts_with(beginning)) return true;
  return head.size() >= 8 && head.substr(4, 4) == "ftyp";
}

Error unreadable(const std::string& path, const std::string& cause) {
  return {Error::Code::NotFound, "The file " + to_utf8(path) + " can not be read: " + cause + "."};
}

// The checksum of a stream, and its first bytes.
struct Content {
  std::string sha256;
  std::string beginning;
  std::string head;  // of files of any size
  std::int64_t bytes = 0;
};
constexpr std::size_t kHeadBytes = 16;

// Stopped it has no checksum either.
Result<Content> read_content(const std::string& path, bool with_hash, const std::stop_token& stop) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path, std::strerror(errno));
  Content content;
  Sha256 hash;
  std::array<char, 64 * 1024> buffer;
  while (file) {
    file.read(buffer.data(), buffer.size());
    const std::string_view read(buffer.data(), static_cast<std::size_t>(file.gcount()));
    if (content.bytes == 0) content.head = read.substr(0, kHeadBytes);
    content.bytes += file.gcount();
    if (content.bytes <= kMaxTextBytes) content.beginning += read;
    if (!with_hash || stop.stop_requested()) return content;
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

struct ReadFile {
  AttachmentPart part;
  bool is_media = false;
};

// `content` is all of the file, or its beginning.
ReadFile file_of(const Place& place, Content content) {
  const bool is_whole = static_cast<std::int64_t>(content.beginning.size()) >= place.bytes;
  const bool is_text = is_whole && content.beginning.find('\0') == std::string::npos && is_utf8(content.beginning);
  AttachmentPart part;
  part.name = to_utf8(place.path.filename().string());
  part.path = place.path.string();
  part.media_type = media_type_of(place.path, is_text);
  part.bytes = place.bytes;
  part.sha256 = std::move(content.sha256);
  if (is_text) part.text = std::move(content.beginning);
  const bool media = (!is_text || content.bytes == 0) && is_media(part.media_type, content.head);
  return {std::move(part), media};
}

// Whole lines, as many as are read at once.
std::string beginning_of(std::string transcript) {
  constexpr auto kMost = static_cast<std::size_t>(kMaxTextBytes);
  if (transcript.size() <= kMost) return transcript;
  transcript.resize(transcript.rfind('\n', kMost - 1) + 1);
  return transcript + "(The transcript goes on.)\n";
}

// Differs when the file has been written in between.
std::string state_of(const AttachmentPart& part) {
  std::error_code failure;
  const auto written = fs::last_write_time(part.path, failure).time_since_epoch().count();
  return part.path + '\0' + std::to_string(part.bytes) + '\0' + std::to_string(written);
}

}  // namespace

Result<AttachmentPart> Attachments::read(const std::string& path, std::uint32_t budget, std::stop_token stop) {
  FACET_ASSIGN_OR_RETURN(const Place place, find_file(path));
  FACET_ASSIGN_OR_RETURN(Content content, read_content(place.path.string(), place.bytes <= kMaxHashedBytes, stop));
  ReadFile file = file_of(place, std::move(content));
  if (!file.is_media || source_ == nullptr) return std::move(file.part);
  FACET_RETURN_IF_ERROR(describe(file.part, budget, stop));
  const Status kept = folder_.keep(file.part, stop);
  if (!kept.ok() && kept.error().code != Error::Code::Stopped) return kept.error();
  if (!kept.ok()) file.part.sha256.clear();  // it stays where it is
  return std::move(file.part);
}

Result<AttachmentPart> Attachments::glance(const std::string& path, std::uint32_t budget, std::stop_token stop) {
  FACET_ASSIGN_OR_RETURN(const Place place, find_file(path));
  FACET_ASSIGN_OR_RETURN(Content content, read_content(place.path.string(), place.bytes <= kMaxTextBytes, stop));
  ReadFile file = file_of(place, std::move(content));
  if (file.is_media && source_ != nullptr) FACET_RETURN_IF_ERROR(describe(file.part, budget, stop));
  return std::move(file.part);
}

Result<AttachedMedia> Attachments::with_budget(const AttachedMedia& media, std::uint32_t budget) const {
  if (source_ == nullptr) return Error{Error::Code::Unsupported, "Media can not be decoded here."};
  return source_->with_budget(media, budget);
}

Status Attachments::describe(AttachmentPart& part, std::uint32_t budget, const std::stop_token& stop) {
  const std::string state = state_of(part);
  auto known = described_.find(state);
  if (known == described_.end()) {
    Result<AttachedMedia> media = source_->describe(part.path, stop);
    if (!media.ok()) return media.error();
    keep(state, std::move(media));
    known = described_.find(state);
  }
  if (!known->second.ok()) return known->second.error();
  part.media = *known->second;
  if (part.media->has_sound() && transcript_of_) part.text = beginning_of(transcript_of_(part.path));
  if (budget == 0 || part.media->kind == MediaKind::Sound) return {};
  FACET_ASSIGN_OR_RETURN(part.media, source_->with_budget(*known->second, budget));
  return {};
}

std::optional<std::string> Attachments::undescribed(const std::string& path) const {
  if (source_ == nullptr) return std::nullopt;
  const Result<Place> place = find_file(path);
  if (!place.ok()) return std::nullopt;
  Result<Content> content = read_content(place->path.string(), place->bytes <= kMaxTextBytes, {});
  if (!content.ok()) return std::nullopt;
  const ReadFile file = file_of(*place, std::move(*content));
  std::string state = state_of(file.part);
  return file.is_media && !described_.contains(state) ? std::optional(std::move(state)) : std::nullopt;
}

void Attachments::keep(const std::string& state, Result<AttachedMedia> media) {
  // Enough for what somebody attaches; a file that is written again and again does not fill the memory.
  if (described_.size() >= kMostDescribed) described_.clear();
  described_.insert_or_assign(state, std::move(media));
}

// A machine that was short of memory, or a disk that was away, may have both the next time.
void Attachments::forget_passing_failure(const std::string& state) {
  const auto known = described_.find(state);
  if (known == described_.end() || known->second.ok()) return;
  const Error::Code code = known->second.error().code;
  if (code != Error::Code::CorruptFile && code != Error::Code::Unsupported && code != Error::Code::InvalidInput)
    described_.erase(known);
}

}  // namespace facet::agent
