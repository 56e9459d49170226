#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/result.h"

// Pictures and sound as the engine takes them, whatever file, screen or microphone they come from. Whoever decodes them
// has applied the orientation, put what is transparent on white, and resampled: nothing behind this header can notice
// that it was forgotten.
namespace facet::engine {

// A larger picture is refused before it is decoded, for its pixels would take more memory than it is worth: the largest
// one that a model looks at has 2.6 million.
inline constexpr std::uint32_t kMaxImageSide = 65535;
inline constexpr std::uint64_t kMaxImagePixels = 1ULL << 28U;

// 8 bits for red, green and blue each, as they are shown (sRGB), row by row from the top, without padding: the value of
// channel c in column x of row y is pixels[(y * width + x) * 3 + c].
struct RgbImage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> pixels;

  bool operator==(const RgbImage&) const = default;
};

inline constexpr std::uint32_t kSampleRate = 16000;
// Of one piece of sound in memory: an hour. What is longer is read and cut piece by piece.
inline constexpr std::size_t kMaxAudioSamples = std::size_t{kSampleRate} * 3600;

// 16000 samples for each second, one channel, the loudest at -1 and 1.
struct PcmAudio {
  std::vector<float> samples;

  bool operator==(const PcmAudio&) const = default;
};

// Whether a picture of this size may be decoded. Fails with a sentence that says the size and the limit.
Status check_image_size(std::uint64_t width, std::uint64_t height);
// The same, and that there are as many values as the size needs.
Status check(const RgbImage& image);
// At least one sample, at most `kMaxAudioSamples`, and numbers all of them.
Status check(const PcmAudio& audio);

}  // namespace facet::engine
