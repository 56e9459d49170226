#include "engine/media/log_mel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "engine/media/real_fft.h"

namespace facet::engine {
namespace {

constexpr std::size_t kBins = kMelFftLength / 2 + 1;
// Zeros before the first sample.
constexpr std::size_t kPadding = 160;
constexpr double kHighest = 8000;

double to_mel(double hertz) {
  return 2595.0 * std::log10(1.0 + hertz / 700.0);
}
double to_hertz(double mel) {
  return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0);
}

// The frame that begins kPadding samples before samples[begin], times the window.
void window_frame(std::span<const float> samples, std::size_t begin, std::span<const float> window,
                  std::span<double> out) {
  for (std::size_t i = 0; i < kMelFrame; ++i) {
    const std::size_t padded = begin + i;
    const float sample = padded < kPadding ? 0.0F : samples[padded - kPadding];
    const float product = sample * window[i];
    out[i] = static_cast<double>(product);
  }
}

float log_band(std::span<const double> magnitudes, const MelFilter& filter) {
  double sum = 0;
  for (std::size_t i = 0; i < filter.weights.size(); ++i)
    sum += magnitudes[filter.first + i] * filter.weights[i];
  return static_cast<float>(std::log(sum + kMelFloor));
}

}  // namespace

std::size_t mel_frame_count(std::size_t samples) {
  samples = std::min(samples, kMaxClipSamples);
  return samples == 0 ? 0 : (samples - 1) / kMelHop;
}

std::size_t encoded_sound_tokens(std::size_t samples) {
  const std::size_t halves = (mel_frame_count(samples) + 1) / 2;
  return (halves + 1) / 2;
}

std::vector<double> mel_edges() {
  const double step = (to_mel(kHighest) - to_mel(0)) / (kMelBands + 1);
  std::vector<double> edges;
  for (std::size_t i = 0; i < kMelBands + 2; ++i)
    edges.push_back(to_hertz(to_mel(0) + step * static_cast<double>(i)));
  return edges;
}

std::vector<MelFilter> mel_filters() {
  constexpr double kBinWidth = static_cast<double>(kSampleRate) / kMelFftLength;
  const std::vector<double> edges = mel_edges();
  std::vector<MelFilter> filters(kMelBands);
  for (std::size_t k = 0; k < kMelBands; ++k)
    for (std::size_t bin = 0; bin < kBins; ++bin) {
      const double frequency = kBinWidth * static_cast<double>(bin);
      const double rising = (frequency - edges[k]) / (edges[k + 1] - edges[k]);
      const double falling = (edges[k + 2] - frequency) / (edges[k + 2] - edges[k + 1]);
      const double weight = std::min(rising, falling);
      if (weight <= 0) continue;
      if (filters[k].weights.empty()) filters[k].first = bin;
      filters[k].weights.push_back(weight);
    }
  return filters;
}

std::vector<float> mel_window() {
  std::vector<float> window;
  for (std::size_t n = 0; n < kMelFrame; ++n) {
    const double turn = 2.0 * std::numbers::pi * static_cast<double>(n) / kMelFrame;
    window.push_back(static_cast<float>(0.5 - 0.5 * std::cos(turn)));
  }
  return window;
}

LogMel log_mel(std::span<const float> samples) {
  const std::vector<float> window = mel_window();
  const std::vector<MelFilter> filters = mel_filters();
  RealFft fft(kMelFftLength);
  std::array<double, kMelFftLength> frame{};
  std::array<double, kBins> magnitudes{};
  LogMel mel{mel_frame_count(samples.size()), {}};
  mel.values.reserve(mel.frames * kMelBands);
  for (std::size_t i = 0; i < mel.frames; ++i) {
    window_frame(samples, i * kMelHop, window, frame);
    fft.magnitudes(frame, magnitudes);
    for (const MelFilter& filter : filters)
      mel.values.push_back(log_band(magnitudes, filter));
  }
  return mel;
}

}  // namespace facet::engine
