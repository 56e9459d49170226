#include "tools/media/program/picture.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/media/program/answer.h"
#include "tools/media/program/confine.h"
#include "tools/media/program/container.h"
#include "tools/media/program/decoder.h"
#include "tools/media/program/heif.h"
#include "tools/media/program/picture_header.h"
#include "tools/media/program/rgb.h"
#include "tools/media/program/webp.h"

namespace facet::tools::media {
namespace {

// A picture of the largest size, without any compression, has a quarter of a gigabyte for each byte of a pixel.
constexpr std::uint64_t kMostPictureBytes = 1ULL << 30U;
// Enough for the boxes of a file with thousands of tiles, and to know a picture by.
constexpr std::size_t kBeginning = 1U << 16U;

// Decoded rows, coefficients of progressive files and 8 bits of each colour, for each pixel.
constexpr std::uint64_t kMemoryPerPixel = 16;
// For a coding whose size only the decoder finds.
constexpr std::uint64_t kMemoryUnasked = 1ULL << 30U;

void prepare_for(std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0) return allow_more_memory(kMemoryUnasked);
  if (!engine::check_image_size(width, height).ok()) fail_too_large(width, height);
  allow_more_memory(width * height * kMemoryPerPixel);
}

// The bytes are not copied, and stay until the process ends.
Owned<AVPacket> packet_of(std::vector<std::uint8_t>& padded) {
  Owned<AVPacket> packet(av_packet_alloc());
  if (!packet) fail(Failure::OutOfMemory);
  packet->buf = av_buffer_create(
      padded.data(), padded.size(), [](void*, std::uint8_t*) {}, nullptr, 0);
  if (packet->buf == nullptr) fail(Failure::OutOfMemory);
  packet->data = padded.data();
  packet->size = static_cast<int>(padded.size() - AV_INPUT_BUFFER_PADDING_SIZE);
  return packet;
}

// Of one picture file, which is one packet.
Owned<AVFrame> decode_whole(AVCodecID coding, std::vector<std::uint8_t>& padded) {
  Decoder decoder(coding, nullptr, {1, 1}, /*threads=*/1);
  const Owned<AVPacket> packet = packet_of(padded);
  Owned<AVFrame> frame(av_frame_alloc());
  if (!frame) fail(Failure::OutOfMemory);
  if (decoder.send(packet.get()) && decoder.receive(*frame)) return frame;
  decoder.send(nullptr);
  if (!decoder.receive(*frame)) fail(Failure::Damaged);
  return frame;
}

// A file that is incomplete still shows something; the library complains about what it has made up.
[[noreturn]] void answer_with(const engine::RgbImage& image) {
  const bool is_damaged = complaints() > 0;
  send(ImageMessage{image.width, image.height, is_damaged ? 1U : 0U, 0, 0});
  send_pixels(image.pixels);
  end(is_damaged);
}

engine::RgbImage converted(const AVFrame& frame) {
  if (!engine::check_image_size(static_cast<std::uint64_t>(frame.width), static_cast<std::uint64_t>(frame.height)).ok())
    fail_too_large(static_cast<std::uint64_t>(frame.width), static_cast<std::uint64_t>(frame.height));
  return to_rgb(frame, Convention::Still, {frame.width, frame.height});
}

// What of the frame lies on the canvas, the rest of which is transparent and thus white.
engine::RgbImage on_canvas(const engine::RgbImage& frame, const WebpFrame& place, const PictureHeader& canvas) {
  engine::RgbImage image{canvas.width, canvas.height, {}};
  image.pixels.assign(std::size_t{canvas.width} * canvas.height * 3, 255);
  if (place.left >= canvas.width) return image;
  const std::size_t columns = std::min(frame.width, canvas.width - place.left);
  for (std::size_t y = 0; y < frame.height && y + place.top < canvas.height; ++y)
    std::copy_n(frame.pixels.data() + y * frame.width * 3, columns * 3,
                image.pixels.data() + ((y + place.top) * canvas.width + place.left) * 3);
  return image;
}

[[noreturn]] void answer_animated_webp(WebpFrame frame, const PictureHeader& header) {
  frame.file.resize(frame.file.size() + AV_INPUT_BUFFER_PADDING_SIZE, 0);
  const Owned<AVFrame> decoded = decode_whole(AV_CODEC_ID_WEBP, frame.file);
  answer_with(upright(on_canvas(converted(*decoded), frame, header), header.orientation));
}

[[noreturn]] void answer_plain(const FileBytes& file) {
  if (file.size() > kMostPictureBytes) fail(Failure::TooMuchData);
  // The file's own bytes count too.
  allow_more_memory(file.size());
  std::vector<std::uint8_t> bytes = file.first(file.size(), AV_INPUT_BUFFER_PADDING_SIZE);
  const auto content = std::span(bytes).first(bytes.size() - AV_INPUT_BUFFER_PADDING_SIZE);
  const auto header = read_picture_header(content);
  if (!header) fail(Failure::Damaged);
  prepare_for(header->width, header->height);
  if (header->coding == AV_CODEC_ID_WEBP)
    if (auto frame = first_webp_frame(content)) answer_animated_webp(std::move(*frame), *header);
  const Owned<AVFrame> frame = decode_whole(header->coding, bytes);
  answer_with(upright(converted(*frame), header->orientation));
}

bool is_hevc(const HeifHeader& header) {
  return header.item == "hvc1" || header.item == "hev1";
}

const char* format_of(const HeifHeader& header) {
  return is_hevc(header) ? "HEIC" : header.item == "av01" ? "AVIF" : "HEIF";
}

// One that is put together from tiles would be shown as one of them.
[[noreturn]] void answer_heif(const FileBytes& file, const HeifHeader& header) {
  if (header.item == "grid") fail_unsupported("HEIF in tiles");
  prepare_for(header.width, header.height);
  Container container(file);
  const AVStream* stream = container.best(AVMEDIA_TYPE_VIDEO);
  if (stream == nullptr) fail_unsupported(format_of(header));
  container.only(*stream);
  Decoder decoder(stream->codecpar->codec_id, stream->codecpar, stream->time_base, /*threads=*/1);
  const Owned<AVPacket> packet(av_packet_alloc());
  const Owned<AVFrame> frame(av_frame_alloc());
  if (!packet || !frame) fail(Failure::OutOfMemory);
  bool is_there = false;
  while (!is_there && container.next(*packet))
    is_there = decoder.send(packet.get()) && decoder.receive(*frame);
  if (!is_there) {
    decoder.send(nullptr);
    is_there = decoder.receive(*frame);
  }
  if (!is_there) fail(Failure::Damaged);
  answer_with(upright(converted(*frame), header.orientation));
}

PictureFacts facts_of(const char* format, std::uint32_t width, std::uint32_t height, Orientation orientation) {
  return exchanges_sides(orientation) ? PictureFacts{format, height, width} : PictureFacts{format, width, height};
}

// A file may be too large to be read for its name alone, and an EXIF block behind the pixels is rare.
constexpr std::size_t kFactsBytes = 1U << 22U;

}  // namespace

std::optional<PictureFacts> picture_facts(const FileBytes& file) {
  const std::vector<std::uint8_t> beginning = file.first(kFactsBytes, 0);
  if (const auto header = read_picture_header(beginning))
    return facts_of(avcodec_get_name(header->coding), header->width, header->height, header->orientation);
  if (const auto header = read_heif_header(beginning))
    return facts_of(format_of(*header), header->width, header->height, header->orientation);
  return std::nullopt;
}

void answer_picture(const FileBytes& file) {
  const std::vector<std::uint8_t> beginning = file.first(kBeginning, 0);
  if (read_picture_header(beginning)) answer_plain(file);
  if (const auto header = read_heif_header(beginning)) answer_heif(file, *header);
  // What it is instead: none of these ends here.
  const Container container(file);
  fail(Failure::NoPicture);
}

}  // namespace facet::tools::media
