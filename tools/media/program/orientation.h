#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/media.h"

// How a camera was held.
namespace facet::tools::media {

// Numbered as EXIF does: where the first row and the first column of what is stored are when it is shown.
enum class Orientation : std::uint8_t {
  Upright = 1,
  MirroredAcross,  // left and right exchanged
  HalfTurn,
  MirroredDown,  // top and bottom exchanged
  Transposed,    // rows become columns
  QuarterTurn,   // clockwise, to be shown
  Transversed,   // mirrored along the other diagonal
  ThreeQuarterTurn,
};

// A number that is none of these means upright, as viewers take it.
Orientation orientation_of(std::uint32_t exif);
// That of an EXIF block or a TIFF file, which have the same form.
Orientation exif_orientation(std::span<const std::uint8_t> tiff);
// Of the upper left of a video's display matrix {a, b; c, d}: x' = a x + c y, y' = b x + d y. What is no multiple of a
// quarter turn is taken for the nearest one.
Orientation matrix_orientation(double a, double b, double c, double d);

inline bool exchanges_sides(Orientation orientation) {
  return orientation >= Orientation::Transposed;
}

engine::RgbImage upright(engine::RgbImage image, Orientation orientation);

}  // namespace facet::tools::media
