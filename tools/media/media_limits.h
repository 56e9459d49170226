#pragma once

#include <chrono>
#include <cstdint>

namespace facet::tools::media {

// What decoding one file may take. A picture may take some bytes for each of its pixels besides.
struct MediaLimits {
  std::uint64_t memory_bytes = 512ULL << 20U;
  std::uint64_t cpu_seconds = 30;
  std::chrono::milliseconds patience{30'000};  // all waiting for the decoder together
  std::chrono::milliseconds silence{20'000};   // between two signs of life
};

// A picture is somebody waiting.
inline constexpr MediaLimits kPictureLimits;
// A recording or a film may be long: 4 hours are decoded in a minute or two, on a slow machine in ten.
inline constexpr MediaLimits kRecordingLimits{512ULL << 20U, 3600, std::chrono::hours(1), std::chrono::seconds(60)};

}  // namespace facet::tools::media
