#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tools/media/program/orientation.h"

// WebP files are read chunk by chunk here, for the decoder knows nothing of animations and says no size before it has
// decoded.
namespace facet::tools::media {

struct WebpHeader {
  std::uint32_t width = 0;  // of the whole picture
  std::uint32_t height = 0;
  Orientation orientation = Orientation::Upright;
};
WebpHeader read_webp_header(std::span<const std::uint8_t> file);

// The first frame of an animation as a file of its own, and its place on the canvas.
struct WebpFrame {
  std::vector<std::uint8_t> file;
  std::uint32_t left = 0;
  std::uint32_t top = 0;
};
// Nothing when the file is no animation.
std::optional<WebpFrame> first_webp_frame(std::span<const std::uint8_t> file);

}  // namespace facet::tools::media
