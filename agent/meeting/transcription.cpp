#include "agent/meeting/transcription.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "agent/meeting/segment_reader.h"
#include "agent/meeting/segmenter.h"
#include "engine/media.h"

namespace facet::agent {

namespace {

constexpr std::int64_t kRate = engine::kSampleRate;
// What is heard before the moment where it goes on, so that the noise is known and how loud voices are: as long as
// voice activity remembers, so that the segments are those that there would have been.
constexpr std::int64_t kRunUp = 30 * kRate;
constexpr std::int64_t kProgressEvery = 5 * kRate;

// In whole steps of voice activity, whose borders are then where they were.
std::int64_t run_up(std::int64_t from) {
  constexpr std::int64_t kStep = VoiceActivity::kStep;
  return std::max<std::int64_t>(0, from - kRunUp) / kStep * kStep;
}

Error stopped() {
  return {Error::Code::Stopped, "The transcription was stopped."};
}

// One run of a task.
class Listening {
 public:
  Listening(const TranscriptionTask& task, BackgroundModel& model, const TranscriptionHooks& hooks,
            const std::stop_token& stop)
      : hooks_(hooks),
        stop_(stop),
        reader_(model, task.variant, task.language),
        next_(run_up(task.from)),
        segmenter_(next_, task.from) {}

  std::int64_t begin() const { return next_; }

  Status listen(SoundReader& sound) {
    total_ = std::llround(sound.seconds().value_or(0) * static_cast<double>(kRate));
    tell(segmenter_.done_until());
    std::vector<float> block(kRate);
    while (true) {
      if (stop_.stop_requested()) return stopped();
      FACET_ASSIGN_OR_RETURN(const std::size_t count, sound.read(block));
      next_ += static_cast<std::int64_t>(count);
      FACET_RETURN_IF_ERROR(write_down(segmenter_.push(std::span(block).first(count))));
      if (count < block.size()) break;
      if (segmenter_.done_until() - told_ >= kProgressEvery) tell(segmenter_.done_until());
    }
    FACET_RETURN_IF_ERROR(write_down(segmenter_.finish()));
    total_ = next_;
    tell(next_);
    return {};
  }

 private:
  Status write_down(std::vector<SpeechSegment> segments) {
    for (SpeechSegment& heard : segments) {
      const std::int64_t end = heard.end;
      FACET_ASSIGN_OR_RETURN(const Segment segment, reader_.read(std::move(heard), stop_));
      hooks_.segment(segment);
      tell(end);
    }
    return {};
  }

  void tell(std::int64_t done) {
    told_ = done;
    hooks_.progress(done, total_);
  }

  const TranscriptionHooks& hooks_;
  const std::stop_token& stop_;
  SegmentReader reader_;
  std::int64_t next_;  // sample that is read
  std::int64_t told_ = 0;
  std::int64_t total_ = 0;
  Segmenter segmenter_;
};

}  // namespace

Status transcribe(const TranscriptionTask& task, SoundSource& source, BackgroundModel& model,
                  const TranscriptionHooks& hooks, const std::stop_token& stop) {
  Listening listening(task, model, hooks, stop);
  FACET_ASSIGN_OR_RETURN(const auto sound, source.open(task.path, static_cast<std::uint64_t>(listening.begin()), stop));
  return listening.listen(*sound);
}

}  // namespace facet::agent
