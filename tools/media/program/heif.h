#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "tools/media/program/orientation.h"

// AVIF and HEIC: still pictures in a container made for video, with their properties in boxes of their own.
namespace facet::tools::media {

struct HeifHeader {
  std::string item;  // kind of the picture to show: "av01", "hvc1", or "grid" for one that is put together from tiles
  std::uint32_t width = 0;  // as stored, before it is turned
  std::uint32_t height = 0;
  Orientation orientation = Orientation::Upright;
};

// Nothing when these are not the first bytes of such a file.
std::optional<HeifHeader> read_heif_header(std::span<const std::uint8_t> file);

}  // namespace facet::tools::media
