#pragma once

#include <cstdint>
#include <vector>

#include "tools/media/program/container.h"
#include "tools/media/program/orientation.h"
#include "tools/media/program/rgb.h"

namespace facet::tools::media {

// How the video is turned for showing, by its display matrix.
Orientation orientation_of(const AVStream& stream);
// The size in which pixels are square: the shorter way of two is stretched, so that nothing is lost. A ratio that no
// camera has is not believed.
Size square_pixels(Size stored, AVRational pixel);

// When each frame is shown, in the order of showing, by reading all packets without decoding any.
struct FrameTimes {
  std::vector<std::int64_t> shown;  // in the stream's unit; empty where a packet has no time
  std::vector<std::int64_t> keys;   // of those where decoding can begin
  std::uint64_t count = 0;          // of packets with a frame
  double rate = 0;                  // frames in a second, as the file says; 0 where it does not
};
// Uses up the container, which gives the packets of this stream only.
FrameTimes read_frame_times(Container& container, const AVStream& stream);

}  // namespace facet::tools::media
