#include "tools/media/program/samples.h"

#include <algorithm>

namespace facet::tools::media {

bool is_full_range(const AVFrame& frame, Convention convention) {
  if (frame.color_range == AVCOL_RANGE_JPEG) return true;
  return frame.color_range != AVCOL_RANGE_MPEG && convention == Convention::Still;
}

void read_row(const AVFrame& frame, const AVPixFmtDescriptor& description, int component, int row,
              std::span<std::uint16_t> to) {
  const AVComponentDescriptor& place = description.comp[component];
  const bool is_plain = place.step == 1 && place.depth == 8 && place.shift == 0 && place.offset == 0 &&
                        (description.flags & AV_PIX_FMT_FLAG_BITSTREAM) == 0;
  if (is_plain) {
    const std::uint8_t* from = frame.data[place.plane] + std::ptrdiff_t{row} * frame.linesize[place.plane];
    std::copy_n(from, to.size(), to.begin());
    return;
  }
  av_read_image_line2(to.data(), const_cast<const std::uint8_t**>(frame.data), frame.linesize, &description, 0, row,
                      component, static_cast<int>(to.size()), 0, sizeof(std::uint16_t));
}

Levels::Levels(int depth, bool is_limited) : table_(std::size_t{1} << static_cast<unsigned>(depth)) {
  const double most = static_cast<double>(table_.size() - 1);
  const double unit = static_cast<double>(table_.size()) / 256;
  const double black = is_limited ? 16 * unit : 0;
  const double range = is_limited ? 219 * unit : most;
  for (std::size_t value = 0; value < table_.size(); ++value) {
    const double level = (static_cast<double>(value) - black) / range * 255 + 0.5;
    table_[value] = static_cast<std::uint8_t>(std::clamp(level, 0.0, 255.0));
  }
}

}  // namespace facet::tools::media
