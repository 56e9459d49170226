#pragma once

#include <cstdint>

#include "tools/media/program/samples.h"

namespace facet::tools::media {

// Luma and chroma, with or without alpha, as red, green and blue on white. Chroma that has fewer samples is
// interpolated between the two that are nearest in each direction, as JPEG decoders do. `rgb` has room for the whole.
void convert_yuv(const AVFrame& frame, const AVPixFmtDescriptor& description, Convention convention, std::uint8_t* rgb);

}  // namespace facet::tools::media
