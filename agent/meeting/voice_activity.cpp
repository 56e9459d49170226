#include "agent/meeting/voice_activity.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace facet::agent {

namespace {

constexpr std::size_t kTransform = 512;
constexpr std::size_t kWindow = engine::kSampleRate / 40;
// A window begins so many samples before its step, and so has its middle where the step has it.
constexpr std::size_t kBefore = (kWindow - VoiceActivity::kStep) / 2;
constexpr double kLowest = 100;  // Hz
constexpr double kHighest = 6000;

// Windows whose powers are averaged, so that noise is steadier.
constexpr std::size_t kSmoothed = 5;
constexpr std::size_t kNoiseBefore = 200;  // steps
constexpr std::size_t kNoiseAfter = 100;
constexpr double kSilence = -85;  // dB: below it nothing is to be heard in a band
constexpr double kLoudestAtFirst = -40;
constexpr double kFallPerStep = 0.01;  // dB: 30 in half a minute
constexpr double kLostBeside = 50;     // dB below the loudest
constexpr double kMostExcess = 14;     // dB that one band can give
constexpr double kVoicedExcess = 4.5;  // dB, on average; noise alone gives 2
// From step to step, on average over the 300 ms around, counting what goes beyond a limit as the limit, so that one
// stroke is not much. Voices change by 0.6 and more, also in noise; music by 0.4 but for its strokes.
constexpr std::size_t kChangeAround = 15;  // steps
constexpr double kMostChange = 2;          // dB
constexpr double kVoicedChange = 0.5;

// A step is speech for certain when most of those around it are voiced. Words begin and end more quietly than that, so
// so many steps before and after are speech too.
constexpr std::size_t kAround = 3;
constexpr auto kLeastVoiced = 4;
constexpr std::size_t kBeforeSpeech = 6;
constexpr std::size_t kAfterSpeech = 10;

double mel(double hertz) {
  return 1127 * std::log(1 + hertz / 700);
}

double hertz(double mel) {
  return 700 * (std::exp(mel / 1127) - 1);
}

}  // namespace

void VoiceActivity::Minimum::push(std::size_t index, double value) {
  while (!entries_.empty() && entries_.back().value >= value)
    entries_.pop_back();
  entries_.push_back({index, value});
}

double VoiceActivity::Minimum::since(std::size_t first) {
  while (entries_.size() > 1 && entries_.front().index < first)
    entries_.pop_front();
  return entries_.front().value;
}

VoiceActivity::VoiceActivity()
    : fft_(kTransform), input_(kTransform), magnitudes_(kTransform / 2 + 1), held_(kBefore), loudest_(kLoudestAtFirst) {
  double squares = 0;
  for (std::size_t i = 0; i < kWindow; ++i) {
    window_.push_back(0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / kWindow));
    squares += window_.back() * window_.back();
  }
  // The powers of all bins together are then the mean square of the samples.
  const double scale = std::sqrt(2 / (squares * kTransform));
  for (double& value : window_)
    value *= scale;
  for (std::size_t band = 0; band <= kBands; ++band) {
    const double part = static_cast<double>(band) / kBands;
    const double edge = hertz(mel(kLowest) + part * (mel(kHighest) - mel(kLowest)));
    edges_[band] = static_cast<std::size_t>(std::lround(edge * kTransform / engine::kSampleRate));
  }
}

void VoiceActivity::push(std::span<const float> samples, std::vector<bool>& speaking) {
  samples_ += samples.size();
  while (true) {
    const std::size_t count = std::min(samples.size(), kWindow - held_.size());
    held_.insert(held_.end(), samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(count));
    samples = samples.subspan(count);
    if (held_.size() < kWindow) return;
    take_window();
    held_.erase(held_.begin(), held_.begin() + kStep);
    if (levels_.size() - next_ > kNoiseAfter) settle(is_voiced(), speaking);
  }
}

// The last steps have no window of their own. What can not be heard any more is no silence either: it would count as
// the noise that was there.
void VoiceActivity::finish(std::vector<bool>& speaking) {
  while (next_ < levels_.size())
    settle(is_voiced(), speaking);
  const std::size_t steps = (samples_ + kStep - 1) / kStep;
  while (settled_ < steps)
    settle(judged_ < steps && !voiced_.empty() && voiced_.back(), speaking);
}

void VoiceActivity::take_window() {
  for (std::size_t i = 0; i < kWindow; ++i)
    input_[i] = window_[i] * static_cast<double>(held_[i]);
  fft_.magnitudes(input_, magnitudes_);
  Levels powers{};
  for (std::size_t band = 0; band < kBands; ++band)
    for (std::size_t bin = edges_[band]; bin < edges_[band + 1]; ++bin)
      powers[band] += magnitudes_[bin] * magnitudes_[bin];
  powers_.push_back(powers);
  if (powers_.size() > kSmoothed) powers_.pop_front();
  // The average belongs to the step in its middle, which the first windows have not.
  if (++windows_ <= kSmoothed / 2) return;
  levels_.push_back(smoothed());
  for (std::size_t band = 0; band < kBands; ++band)
    quietest_[band].push(judged_ + levels_.size() - next_, levels_.back()[band]);
}

VoiceActivity::Levels VoiceActivity::smoothed() const {
  Levels levels{};
  for (const Levels& powers : powers_)
    for (std::size_t band = 0; band < kBands; ++band)
      levels[band] += powers[band] / static_cast<double>(powers_.size());
  for (double& level : levels)
    level = 10 * std::log10(std::max(level, 1e-12));
  return levels;
}

bool VoiceActivity::is_voiced() {
  const Levels& levels = levels_[next_];
  loudest_ = std::max(loudest_ - kFallPerStep, *std::max_element(levels.begin(), levels.end()));
  const double least = std::max(kSilence, loudest_ - kLostBeside);
  double above = 0;
  double changing = 0;
  for (std::size_t band = 0; band < kBands; ++band) {
    const double noise = quietest_[band].since(judged_ - std::min(judged_, kNoiseBefore));
    const double excess = std::clamp(levels[band] - std::max(noise, least), 0.0, kMostExcess);
    above += excess;
    // Only what is to be heard can say whether it changes.
    changing += excess * change(band);
  }
  ++next_;
  if (next_ > kChangeAround) {
    levels_.pop_front();
    --next_;
  }
  return above > kVoicedExcess * kBands && changing > kVoicedChange * above;
}

double VoiceActivity::change(std::size_t band) const {
  const std::size_t first = next_ - std::min(next_, kChangeAround);
  const std::size_t last = std::min(next_ + kChangeAround, levels_.size() - 1);
  double sum = 0;
  for (std::size_t i = first; i < last; ++i)
    sum += std::min(std::fabs(levels_[i + 1][band] - levels_[i][band]), kMostChange);
  return sum / static_cast<double>(std::max<std::size_t>(last - first, 1));
}

void VoiceActivity::settle(bool voiced, std::vector<bool>& speaking) {
  voiced_.push_back(voiced);
  if (voiced_.size() > 2 * kAround + 1) voiced_.pop_front();
  ++judged_;
  if (judged_ <= kAround) return;
  const std::size_t step = judged_ - kAround;  // counted from 1
  if (std::count(voiced_.begin(), voiced_.end(), true) >= kLeastVoiced) last_core_ = step;
  if (step <= kBeforeSpeech) return;
  ++settled_;
  speaking.push_back(last_core_ > 0 && last_core_ + kAfterSpeech >= settled_);
}

}  // namespace facet::agent
