#include "tools/media/program/webp.h"

#include <algorithm>
#include <string_view>

#include "tools/media/program/bytes.h"

namespace facet::tools::media {
namespace {

constexpr std::size_t kFileHeader = 12;  // RIFF, length, WEBP
constexpr std::size_t kChunkHeader = 8;
constexpr std::size_t kFrameHeader = 16;  // place, size, duration, flags
constexpr std::uint8_t kHasAlpha = 0x10;

struct Chunk {
  std::size_t body = 0;
  std::size_t length = 0;
  std::size_t next = 0;
};

Chunk chunk_at(const Bytes& bytes, std::size_t at) {
  const std::size_t length = bytes.little32(at + 4);
  return {at + kChunkHeader, length, at + kChunkHeader + length + length % 2};
}

// The body of the first chunk of that name.
std::optional<Chunk> find_chunk(const Bytes& bytes, std::size_t from, std::string_view name) {
  for (std::size_t at = from; at + kChunkHeader <= bytes.size();) {
    const Chunk chunk = chunk_at(bytes, at);
    if (bytes.says(at, name)) return chunk;
    at = chunk.next;
  }
  return std::nullopt;
}

void append(std::vector<std::uint8_t>& to, std::string_view text) {
  to.insert(to.end(), text.begin(), text.end());
}

void append_little(std::vector<std::uint8_t>& to, std::uint32_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i)
    to.push_back(static_cast<std::uint8_t>(value >> 8U * i));
}

// An extended file whose canvas is the frame, so that its transparency counts.
std::vector<std::uint8_t> as_file(const Bytes& bytes, const Chunk& frame) {
  const auto chunks = bytes.part(frame.body + kFrameHeader, frame.length - kFrameHeader);
  std::vector<std::uint8_t> file;
  append(file, "RIFF");
  append_little(file, static_cast<std::uint32_t>(4 + kChunkHeader + 10 + chunks.size()), 4);
  append(file, "WEBPVP8X");
  append_little(file, 10, 4);
  append_little(file, kHasAlpha, 4);
  append_little(file, bytes.little24(frame.body + 6), 3);
  append_little(file, bytes.little24(frame.body + 9), 3);
  file.insert(file.end(), chunks.begin(), chunks.end());
  return file;
}

}  // namespace

WebpHeader read_webp_header(std::span<const std::uint8_t> file) {
  const Bytes bytes(file);
  WebpHeader header;
  if (const auto extended = find_chunk(bytes, kFileHeader, "VP8X")) {
    header.width = bytes.little24(extended->body + 4) + 1;
    header.height = bytes.little24(extended->body + 7) + 1;
  } else if (const auto lossless = find_chunk(bytes, kFileHeader, "VP8L")) {
    const std::uint32_t sizes = bytes.little32(lossless->body + 1);  // 14 bits each, less one
    header.width = (sizes & 0x3fffU) + 1;
    header.height = (sizes >> 14U & 0x3fffU) + 1;
  } else if (const auto lossy = find_chunk(bytes, kFileHeader, "VP8 ")) {
    header.width = bytes.little16(lossy->body + 6) & 0x3fffU;
    header.height = bytes.little16(lossy->body + 8) & 0x3fffU;
  }
  if (const auto exif = find_chunk(bytes, kFileHeader, "EXIF")) {
    // Some writers leave the name in front that JPEG files need.
    const std::size_t skipped = bytes.says(exif->body, "Exif") ? 6 : 0;
    header.orientation = exif_orientation(bytes.part(exif->body + skipped, exif->length));
  }
  return header;
}

std::optional<WebpFrame> first_webp_frame(std::span<const std::uint8_t> file) {
  const Bytes bytes(file);
  const auto frame = find_chunk(bytes, kFileHeader, "ANMF");
  if (!frame || frame->length < kFrameHeader) return std::nullopt;
  // The place is counted in steps of two pixels.
  return WebpFrame{as_file(bytes, *frame), bytes.little24(frame->body) * 2, bytes.little24(frame->body + 3) * 2};
}

}  // namespace facet::tools::media
