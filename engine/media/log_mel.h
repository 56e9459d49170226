#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/media.h"

// What the sound encoder hears: 128 bands of the spectrum, a hundred times a second.
namespace facet::engine {

inline constexpr std::size_t kMaxClipSamples = std::size_t{kSampleRate} * 30;
inline constexpr std::size_t kMelBands = 128;
inline constexpr std::size_t kMelFrame = 320;  // samples: 20 ms
inline constexpr std::size_t kMelHop = 160;
inline constexpr std::size_t kMelFftLength = 512;
inline constexpr double kMelFloor = 0.001;

// floor((samples - 1) / 160), for at most 30 s: a frame counts when the one sample behind it exists as well, 160 zeros
// being put before the first. 160 samples or fewer have none.
std::size_t mel_frame_count(std::size_t samples);
// Soft tokens that the encoder makes of a clip: a quarter of the frames, rounded up twice. One for each 40 ms.
std::size_t encoded_sound_tokens(std::size_t samples);

// A triangle over the bins of the transform; the value of a bin b below `first` or from first + weights.size() on is 0.
struct MelFilter {
  std::size_t first = 0;
  std::vector<double> weights;
};

// Frequencies at which triangles begin, peak and end: 130, equally spaced in mel = 2595 log10(1 + f / 700) from 0 to
// 8000 Hz. Filter k rises from edge k to edge k + 1 and falls to edge k + 2, straight in Hz; filter 0 meets no bin.
std::vector<double> mel_edges();
std::vector<MelFilter> mel_filters();
// 0.5 - 0.5 cos(2 pi n / 320), rounded to float32.
std::vector<float> mel_window();

// One row of 128 values for each frame.
struct LogMel {
  std::size_t frames = 0;
  std::vector<float> values;

  std::span<const float> row(std::size_t frame) const {
    return std::span(values).subspan(frame * kMelBands, kMelBands);
  }
};

// ln(0.001 + sum over bins of |X[b]| * filter): X is the transform of a frame times the window, in float32, with zeros
// up to 512 samples. What comes after the first 30 s is not heard. Precondition: the samples are numbers.
LogMel log_mel(std::span<const float> samples);

}  // namespace facet::engine
