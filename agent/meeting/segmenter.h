#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "agent/meeting/voice_activity.h"
#include "engine/media.h"

namespace facet::agent {

// A stretch of a recording in which somebody speaks. Numbers count samples from the recording's beginning.
struct SpeechSegment {
  std::int64_t begin = 0;         // with a little of the pauses around it: what a model hears
  std::int64_t end = 0;           // the first that does not belong to it
  std::int64_t speech_begin = 0;  // of the first word, and behind the last
  std::int64_t speech_end = 0;
  std::vector<float> samples;
};

// Cuts a sound into segments of 6 to 28 s while it comes in, at pauses; what lies between them is silence, and nobody
// needs to listen to it. The longer a segment has become the shorter is the pause that ends it, from 0.8 s down to
// 0.3 s. Who speaks for 28 s without one is cut at the longest pause there was, or where it is quietest. A segment may
// be shorter than 6 s only where the sound ends. It holds half a minute of sound and no more. One thread at a time.
class Segmenter {
 public:
  static constexpr std::int64_t kLeast = std::int64_t{engine::kSampleRate} * 6;
  static constexpr std::int64_t kMost = std::int64_t{engine::kSampleRate} * 28;

  // The first sample that will be pushed has the number `first`. What is said before `from` belongs to no segment: it
  // is there to know the noise by, when a recording is taken up where it was left.
  explicit Segmenter(std::int64_t first = 0, std::int64_t from = 0);

  // The segments that these samples complete. How the samples are divided between calls changes nothing.
  std::vector<SpeechSegment> push(std::span<const float> samples);
  // Nothing follows: the last segment, if there is one.
  std::vector<SpeechSegment> finish();
  // Before this sample no segment begins that is still to come.
  std::int64_t done_until() const { return std::max(from_, held_from_); }

 private:
  struct Pause {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t length() const { return end - begin; }
  };

  void judge(std::vector<SpeechSegment>& complete);
  void hear_speech(std::vector<SpeechSegment>& complete);
  void hear_silence(std::vector<SpeechSegment>& complete);
  void cut(std::int64_t at, std::int64_t next, std::vector<SpeechSegment>& complete);
  void cut_where_it_is_quietest(std::vector<SpeechSegment>& complete);
  void close(std::int64_t end, std::vector<SpeechSegment>& complete);
  void forget();

  VoiceActivity voice_;
  std::vector<bool> verdicts_;
  std::vector<float> held_;  // samples from `held_from_` on
  std::int64_t held_from_ = 0;
  std::int64_t from_ = 0;   // no segment begins before
  std::int64_t heard_ = 0;  // up to here it is known whether somebody speaks

  // Of the segment that is growing.
  bool is_open_ = false;
  std::int64_t begin_ = 0;
  std::int64_t speech_begin_ = 0;
  std::int64_t speech_end_ = 0;
  std::int64_t spoken_ = 0;    // samples of speech in it
  std::vector<Pause> pauses_;  // in it, where it may have to be cut
};

}  // namespace facet::agent
