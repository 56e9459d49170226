#include "agent/meeting/speech_pieces.h"

#include <algorithm>

namespace facet::agent {
namespace {

constexpr std::size_t kStep = engine::kSampleRate / 100;
constexpr std::size_t kStepsAround = kAroundMoment / kStep;
constexpr double kQuietPower = 1e-7;  // -70 dB
constexpr double kQuietEnergy = kQuietPower * (2 * kStepsAround * kStep);
constexpr double kSameLoudness = 2.0;  // 3 dB

double energy(std::span<const float> samples) {
  double sum = 0;
  for (const float sample : samples)
    sum += static_cast<double>(sample);
  const double mean = sum / static_cast<double>(samples.size());
  double squares = 0;
  for (const float sample : samples) {
    const double above = static_cast<double>(sample) - mean;
    squares += above * above;
  }
  return squares;
}

// The energy around moments `first` to `last`, counted in steps.
std::vector<double> loudness(std::span<const float> samples, std::size_t first, std::size_t last) {
  std::vector<double> steps;
  for (std::size_t i = first - kStepsAround; i < last + kStepsAround; ++i)
    steps.push_back(energy(samples.subspan(i * kStep, kStep)));
  std::vector<double> around;
  for (std::size_t i = 0; i + 2 * kStepsAround <= steps.size(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 2 * kStepsAround; ++j)
      sum += steps[i + j];
    around.push_back(sum);
  }
  return around;
}

// The middle of the longest stretch that is not louder than `limit`.
std::size_t middle_of_pause(const std::vector<double>& loudness, double limit) {
  std::size_t best = 0;
  std::size_t best_length = 0;
  std::size_t length = 0;
  for (std::size_t i = 0; i < loudness.size(); ++i) {
    length = loudness[i] <= limit ? length + 1 : 0;
    if (length < best_length || length == 0) continue;
    best_length = length;
    best = i - (length - 1) / 2;
  }
  return best;
}

}  // namespace

std::size_t quietest_moment(std::span<const float> samples, std::size_t first, std::size_t last) {
  const std::vector<double> moments = loudness(samples, first / kStep, last / kStep);
  const double quietest = *std::min_element(moments.begin(), moments.end());
  const double limit = std::max(quietest * kSameLoudness, kQuietEnergy);
  return (first / kStep + middle_of_pause(moments, limit)) * kStep;
}

std::size_t piece_end(std::span<const float> samples) {
  if (samples.size() <= kMostLastPiece) return samples.size();
  return quietest_moment(samples, kLeastPiece, std::min(kMostPiece, samples.size() - kLeastLastPiece));
}

std::vector<SampleRange> cut_at_pauses(std::span<const float> samples) {
  std::vector<SampleRange> pieces;
  for (std::size_t begin = 0; begin < samples.size(); begin = pieces.back().end) {
    const std::size_t seen = std::min(samples.size() - begin, kPieceLookahead);
    pieces.push_back({begin, begin + piece_end(samples.subspan(begin, seen))});
  }
  return pieces;
}

}  // namespace facet::agent
