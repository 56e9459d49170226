#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "engine/media.h"
#include "engine/media/real_fft.h"

namespace facet::agent {

// Says for each 10 ms of a sound whether somebody speaks, as the sound comes in. It knows no language and no model: a
// voice is what lifts many bands of the spectrum above the noise that was there in the seconds around, and moves
// on. One thread at a time.
//
// The spectrum of 25 ms is taken every 10 ms, in twelve bands from 100 Hz to 6 kHz. The noise of a band is its quietest
// moment of the two seconds before and the one after, and no quieter than what is lost beside a voice as loud as those
// of the last half minute. How far each band is above its noise, up to a limit so that a tone can not outvote the
// others, is averaged over all bands. So is how much a band changes from step to step: tones of instruments stay as
// they were struck or fade slowly, and a voice never does.
class VoiceActivity {
 public:
  static constexpr std::size_t kStep = engine::kSampleRate / 100;

  VoiceActivity();

  // Appends the verdicts that these samples settle, which come a little more than a second late. How the samples are
  // divided between calls changes nothing.
  void push(std::span<const float> samples, std::vector<bool>& speaking);
  // Nothing follows: the verdicts that are left, so that there is one for each step that was begun.
  void finish(std::vector<bool>& speaking);

 private:
  static constexpr std::size_t kBands = 12;
  using Levels = std::array<double, kBands>;  // dB

  // The smallest value among the last so many.
  class Minimum {
   public:
    void push(std::size_t index, double value);
    double since(std::size_t first);

   private:
    struct Entry {
      std::size_t index = 0;
      double value = 0;
    };
    std::deque<Entry> entries_;  // rising
  };

  void take_window();
  Levels smoothed() const;
  bool is_voiced();  // the next step
  double change(std::size_t band) const;
  void settle(bool voiced, std::vector<bool>& speaking);

  engine::RealFft fft_;
  std::vector<double> window_;
  std::vector<double> input_;
  std::vector<double> magnitudes_;
  std::array<std::size_t, kBands + 1> edges_{};  // bins of the transform

  std::vector<float> held_;    // samples of the coming window
  std::size_t samples_ = 0;    // that were pushed
  std::size_t windows_ = 0;    // that were taken
  std::deque<Levels> powers_;  // of the last windows, not in dB
  std::deque<Levels> levels_;  // of the steps that are not judged yet, and some before
  std::array<Minimum, kBands> quietest_;
  double loudest_;  // dB, of all bands, falling slowly

  std::size_t next_ = 0;       // of the levels, the first that is not judged
  std::size_t judged_ = 0;     // steps of which it is known whether they are voiced
  std::deque<bool> voiced_;    // the last of them
  std::size_t last_core_ = 0;  // the last one of speech, counted from 1
  std::size_t settled_ = 0;
};

}  // namespace facet::agent
