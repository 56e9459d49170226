#include "tools/media/program/video_stream.h"

#include <algorithm>
#include <cmath>

#include "tools/media/program/answer.h"

namespace facet::tools::media {
namespace {

// Nine values of 32 bits.
const std::int32_t* display_matrix(const AVStream& stream) {
#if LIBAVCODEC_VERSION_MAJOR >= 61
  const AVPacketSideData* data = av_packet_side_data_get(
      stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  return data != nullptr && data->size >= 36 ? reinterpret_cast<const std::int32_t*>(data->data) : nullptr;
#else
  std::size_t size = 0;
  const std::uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return data != nullptr && size >= 36 ? reinterpret_cast<const std::int32_t*>(data) : nullptr;
#endif
}

std::int64_t time_of(const AVPacket& packet) {
  return packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
}

// A frame's time comes from packets in the order of decoding, and may come twice.
void put_in_order(std::vector<std::int64_t>& times) {
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
}

}  // namespace

Orientation orientation_of(const AVStream& stream) {
  const std::int32_t* matrix = display_matrix(stream);
  return matrix == nullptr ? Orientation::Upright : matrix_orientation(matrix[0], matrix[1], matrix[3], matrix[4]);
}

Size square_pixels(Size stored, AVRational pixel) {
  const double ratio = av_q2d(pixel);
  if (pixel.den == 0 || !(ratio > 0.1 && ratio < 10) || ratio == 1) return stored;
  if (ratio > 1) return {static_cast<int>(std::lround(stored.width * ratio)), stored.height};
  return {stored.width, static_cast<int>(std::lround(stored.height / ratio))};
}

FrameTimes read_frame_times(Container& container, const AVStream& stream) {
  // A day of 60 frames a second has 5 million.
  constexpr std::uint64_t kMostFrames = 20'000'000;
  FrameTimes times;
  times.rate = stream.avg_frame_rate.den > 0 ? av_q2d(stream.avg_frame_rate) : 0;
  const Owned<AVPacket> packet(av_packet_alloc());
  if (!packet) fail(Failure::OutOfMemory);
  Progress progress;
  bool all_have_times = true;
  while (times.count < kMostFrames && container.next(*packet)) {
    if ((packet->flags & AV_PKT_FLAG_DISCARD) != 0) continue;
    ++times.count;
    const std::int64_t time = time_of(*packet);
    all_have_times = all_have_times && time != AV_NOPTS_VALUE;
    times.shown.push_back(time);
    if ((packet->flags & AV_PKT_FLAG_KEY) != 0) times.keys.push_back(time);
    // The other half of the way is to decode.
    progress.reach(container.part_read() / 2);
  }
  if (!all_have_times) {
    times.shown.clear();
    times.keys.clear();
  }
  put_in_order(times.shown);
  put_in_order(times.keys);
  return times;
}

}  // namespace facet::tools::media
