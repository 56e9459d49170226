#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tools/media/program/ffmpeg.h"
#include "tools/media/program/orientation.h"

// What the first bytes of a picture file say: its coding, its size before a pixel is decoded, and how it is turned.
// Orientation lies beside the pixels in every format and the decoders do not apply it.
namespace facet::tools::media {

struct PictureHeader {
  AVCodecID coding = AV_CODEC_ID_NONE;
  std::uint32_t width = 0;  // as stored, before it is turned; 0 where only the decoder can tell
  std::uint32_t height = 0;
  Orientation orientation = Orientation::Upright;
};

// Nothing when these are not the bytes of a picture. Those in a container for video (AVIF, HEIC) are not found here.
std::optional<PictureHeader> read_picture_header(std::span<const std::uint8_t> file);

}  // namespace facet::tools::media
