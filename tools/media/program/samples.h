#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tools/media/program/ffmpeg.h"

// Values of frames in any arrangement, and what becomes of them in the end.
namespace facet::tools::media {

// How numbers are meant where neither the file nor the decoder says it.
enum class Convention {
  Still,  // the whole range, BT.601, chroma between the samples of luma, as in JPEG
  Video,  // the limited range, BT.709 when large and otherwise BT.601, chroma on the samples of luma
};

bool is_full_range(const AVFrame& frame, Convention convention);
inline bool has_alpha(const AVPixFmtDescriptor& description) {
  return (description.flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
}

// A row of one component, as wide as `to`; rows of chroma count on their own.
void read_row(const AVFrame& frame, const AVPixFmtDescriptor& description, int component, int row,
              std::span<std::uint16_t> to);

// The values of one component as 8 bits, to the nearest.
class Levels {
 public:
  // `is_limited` for a luma that leaves room below and above.
  Levels(int depth, bool is_limited);
  std::uint8_t operator[](std::uint16_t value) const {
    return table_[value < table_.size() ? value : table_.size() - 1];
  }

 private:
  std::vector<std::uint8_t> table_;
};

// What is seen of a colour through which white paper shows.
inline std::uint8_t on_white(std::uint32_t value, std::uint32_t alpha) {
  return static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

}  // namespace facet::tools::media
