#pragma once

#include "engine/media.h"
#include "tools/media/program/samples.h"

// What a decoder gives, in whichever of a hundred arrangements, as 8 bits for red, green and blue.
namespace facet::tools::media {

struct Size {
  int width = 0;
  int height = 0;

  bool operator==(const Size&) const = default;
};

// Transparency is put on white. Pixels with their own red, green and blue, greys and palettes are converted exactly, to
// the nearest of 256 values. Scaled to `shown` where that is another size. Ends the process when the arrangement has no
// meaning as a colour. Precondition: `check_image_size` allows both sizes.
engine::RgbImage to_rgb(const AVFrame& frame, Convention convention, Size shown);

}  // namespace facet::tools::media
