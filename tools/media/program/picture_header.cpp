#include "tools/media/program/picture_header.h"

#include "tools/media/program/bytes.h"
#include "tools/media/program/webp.h"

namespace facet::tools::media {
namespace {

using namespace std::string_view_literals;

// From marker to marker up to the pixels. The frame header has the size, the first application block the EXIF.
PictureHeader read_jpeg(const Bytes& bytes) {
  PictureHeader header{AV_CODEC_ID_MJPEG, 0, 0, Orientation::Upright};
  for (std::size_t at = 2; bytes.u8(at) == 0xff;) {
    const std::uint32_t marker = bytes.u8(at + 1);
    if (marker == 0xff) {  // padding
      ++at;
      continue;
    }
    if (marker == 0xd9 || marker == 0xda) break;
    const bool stands_alone = marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    const std::size_t length = stands_alone ? 0 : bytes.big16(at + 2);
    const bool is_frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame) {
      header.height = bytes.big16(at + 5);
      header.width = bytes.big16(at + 7);
    }
    if (marker == 0xe1 && bytes.says(at + 4, "Exif\0\0"sv) && length > 8)
      header.orientation = exif_orientation(bytes.part(at + 10, length - 8));
    at += 2 + length;
  }
  return header;
}

PictureHeader read_png(const Bytes& bytes) {
  PictureHeader header{AV_CODEC_ID_PNG, bytes.big32(16), bytes.big32(20), Orientation::Upright};
  for (std::size_t at = 8; at + 12 <= bytes.size();) {
    const std::size_t length = bytes.big32(at);
    if (bytes.says(at + 4, "eXIf")) header.orientation = exif_orientation(bytes.part(at + 8, length));
    at += 12 + length;
  }
  return header;
}

// The first directory alone: further ones are further pages.
PictureHeader read_tiff(const Bytes& bytes, std::span<const std::uint8_t> file) {
  PictureHeader header{AV_CODEC_ID_TIFF, 0, 0, exif_orientation(file)};
  const bool is_big = bytes.says(0, "MM");
  const auto number16 = [&](std::size_t at) { return is_big ? bytes.big16(at) : bytes.little16(at); };
  const auto number32 = [&](std::size_t at) { return is_big ? bytes.big32(at) : bytes.little32(at); };
  const std::size_t directory = number32(4);
  const std::uint32_t entries = number16(directory);
  for (std::size_t at = directory + 2, i = 0; i < entries; ++i, at += 12) {
    const std::uint32_t value = number16(at + 2) == 3 ? number16(at + 8) : number32(at + 8);
    if (number16(at) == 0x100) header.width = value;
    if (number16(at) == 0x101) header.height = value;
  }
  return header;
}

PictureHeader read_bmp(const Bytes& bytes) {
  if (bytes.little32(14) == 12) return {AV_CODEC_ID_BMP, bytes.little16(18), bytes.little16(20), Orientation::Upright};
  // A negative height says that the rows come from the top.
  const auto height = static_cast<std::int64_t>(static_cast<std::int32_t>(bytes.little32(22)));
  return {AV_CODEC_ID_BMP, bytes.little32(18), static_cast<std::uint32_t>(height < 0 ? -height : height),
          Orientation::Upright};
}

// Two letters, a blank, and a number or a remark: a text is not that likely to begin so.
bool is_portable_map(const Bytes& bytes) {
  const std::uint32_t blank = bytes.u8(2);
  const std::uint32_t next = bytes.u8(3);
  return bytes.u8(0) == 'P' && bytes.u8(1) >= '1' && bytes.u8(1) <= '6' &&
         (blank == ' ' || blank == '\n' || blank == '\r' || blank == '\t') &&
         (next == '#' || (next >= '0' && next <= '9'));
}

AVCodecID portable_map_coding(const Bytes& bytes) {
  switch (bytes.u8(1)) {
    case '1':
    case '4':
      return AV_CODEC_ID_PBM;
    case '2':
    case '5':
      return AV_CODEC_ID_PGM;
    default:
      return AV_CODEC_ID_PPM;
  }
}

}  // namespace

std::optional<PictureHeader> read_picture_header(std::span<const std::uint8_t> file) {
  const Bytes bytes(file);
  if (bytes.says(0, "\xff\xd8\xff")) return read_jpeg(bytes);
  if (bytes.says(0, "\x89PNG\r\n\x1a\n")) return read_png(bytes);
  if (bytes.says(0, "RIFF") && bytes.says(8, "WEBP")) {
    const WebpHeader webp = read_webp_header(file);
    return PictureHeader{AV_CODEC_ID_WEBP, webp.width, webp.height, webp.orientation};
  }
  if (bytes.says(0, "GIF87a") || bytes.says(0, "GIF89a"))
    return PictureHeader{AV_CODEC_ID_GIF, bytes.little16(6), bytes.little16(8), Orientation::Upright};
  if (bytes.says(0, "II\x2a\0"sv) || bytes.says(0, "MM\0\x2a"sv)) return read_tiff(bytes, file);
  // A size of the second header tells a picture from a text that begins with the letters.
  if (bytes.says(0, "BM") && bytes.little32(14) >= 12 && bytes.little32(14) <= 124) return read_bmp(bytes);
  if (bytes.says(0, "qoif"))
    return PictureHeader{AV_CODEC_ID_QOI, bytes.big32(4), bytes.big32(8), Orientation::Upright};
  if (bytes.says(0, "\xff\x0a") || bytes.says(0, "\0\0\0\x0cJXL \r\n\x87\n"sv))
    return PictureHeader{AV_CODEC_ID_JPEGXL, 0, 0, Orientation::Upright};
  if (is_portable_map(bytes)) return PictureHeader{portable_map_coding(bytes), 0, 0, Orientation::Upright};
  return std::nullopt;
}

}  // namespace facet::tools::media
