#include "engine/media/video_frames.h"

#include <algorithm>
#include <cmath>

#include "engine/base/check.h"

namespace facet::engine {
namespace {

std::string two_digits(std::uint64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

}  // namespace

std::vector<std::uint64_t> sampled_frames(std::uint64_t total, std::uint32_t wanted) {
  FACET_CHECK(wanted > 0);
  const std::uint64_t count = std::min<std::uint64_t>(total, wanted);
  std::vector<std::uint64_t> frames;
  // The product in two parts, so that no number of frames makes it wrap.
  for (std::uint64_t i = 0; i < count; ++i)
    frames.push_back(i * (total / count) + i * (total % count) / count);
  return frames;
}

double frame_seconds(std::uint64_t frame, double frames_per_second) {
  const bool known = std::isfinite(frames_per_second) && frames_per_second > 0;
  return static_cast<double>(frame) / (known ? frames_per_second : kUnknownFrameRate);
}

std::string stamp_text(double seconds) {
  constexpr double kLongest = 1e9;
  const double shown = seconds > 0 ? std::min(seconds, kLongest) : 0;
  const auto whole = static_cast<std::uint64_t>(shown);
  return two_digits(whole / 60) + ":" + two_digits(whole % 60);
}

std::string frame_lead(std::size_t place, double seconds) {
  return (place == 0 ? "" : " ") + stamp_text(seconds) + " ";
}

}  // namespace facet::engine
