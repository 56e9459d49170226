#include "tools/media/program/orientation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tools/media/program/bytes.h"

namespace facet::tools::media {
namespace {

constexpr std::uint32_t kOrientationTag = 0x112;

std::uint32_t number16(const Bytes& bytes, std::size_t at, bool is_big) {
  return is_big ? bytes.big16(at) : bytes.little16(at);
}

std::uint32_t number32(const Bytes& bytes, std::size_t at, bool is_big) {
  return is_big ? bytes.big32(at) : bytes.little32(at);
}

// An orientation is an exchange of the axes or none, followed by mirroring.
struct Steps {
  bool exchanges = false;
  bool mirrors_across = false;
  bool mirrors_down = false;

  bool operator==(const Steps&) const = default;
};

Steps steps_of(Orientation orientation) {
  switch (orientation) {
    case Orientation::Upright:
      return {false, false, false};
    case Orientation::MirroredAcross:
      return {false, true, false};
    case Orientation::HalfTurn:
      return {false, true, true};
    case Orientation::MirroredDown:
      return {false, false, true};
    case Orientation::Transposed:
      return {true, false, false};
    case Orientation::QuarterTurn:
      return {true, true, false};
    case Orientation::Transversed:
      return {true, true, true};
    case Orientation::ThreeQuarterTurn:
      return {true, false, true};
  }
  return {};
}

}  // namespace

Orientation orientation_of(std::uint32_t exif) {
  return exif >= 1 && exif <= 8 ? static_cast<Orientation>(exif) : Orientation::Upright;
}

Orientation exif_orientation(std::span<const std::uint8_t> tiff) {
  const Bytes bytes(tiff);
  const bool is_big = bytes.says(0, "MM");
  if (!is_big && !bytes.says(0, "II")) return Orientation::Upright;
  const std::size_t directory = number32(bytes, 4, is_big);
  const std::uint32_t entries = number16(bytes, directory, is_big);
  for (std::size_t at = directory + 2, i = 0; i < entries; ++i, at += 12)
    if (number16(bytes, at, is_big) == kOrientationTag) return orientation_of(number16(bytes, at + 8, is_big));
  return Orientation::Upright;
}

Orientation matrix_orientation(double a, double b, double c, double d) {
  Steps steps;
  steps.exchanges = std::abs(b) + std::abs(c) > std::abs(a) + std::abs(d);
  // What is shown to the right grows with x or, where the axes are exchanged, with y.
  steps.mirrors_across = (steps.exchanges ? c : a) < 0;
  steps.mirrors_down = (steps.exchanges ? b : d) < 0;
  for (std::uint32_t exif = 1; exif <= 8; ++exif)
    if (steps_of(orientation_of(exif)) == steps) return orientation_of(exif);
  return Orientation::Upright;
}

engine::RgbImage upright(engine::RgbImage image, Orientation orientation) {
  if (orientation == Orientation::Upright) return image;
  const Steps steps = steps_of(orientation);
  engine::RgbImage turned{image.width, image.height, {}};
  if (steps.exchanges) std::swap(turned.width, turned.height);
  turned.pixels.resize(image.pixels.size());
  std::uint8_t* to = turned.pixels.data();
  for (std::size_t y = 0; y < turned.height; ++y) {
    const std::size_t down = steps.mirrors_down ? turned.height - 1 - y : y;
    for (std::size_t x = 0; x < turned.width; ++x, to += 3) {
      const std::size_t across = steps.mirrors_across ? turned.width - 1 - x : x;
      const std::size_t from = steps.exchanges ? across * image.width + down : down * image.width + across;
      std::copy_n(image.pixels.data() + from * 3, 3, to);
    }
  }
  return turned;
}

}  // namespace facet::tools::media
