#pragma once

#include <cstdint>
#include <vector>

#include "tools/media/program/ffmpeg.h"

namespace facet::tools::media {

// To 16 kHz and one channel, the mean of all, as floats from -1 to 1.
class Resampler {
 public:
  // Appends what comes of the frame. Its rate, layout and format may differ from the last one's. False when the frame's
  // samples can not be understood.
  bool take(const AVFrame& frame, std::vector<float>& to);
  // What is still inside.
  void finish(std::vector<float>& to);
  // How many samples that would be.
  double held() const;

 private:
  struct Form {
    int rate = 0;
    int format = -1;
    AVChannelLayout layout{};
  };
  bool is_same(const AVFrame& frame) const;
  bool start(const AVFrame& frame);
  int convert(const std::uint8_t** from, int count, std::vector<float>& to);

  Form form_;
  Owned<SwrContext> context_;
};

}  // namespace facet::tools::media
