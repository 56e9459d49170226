#include "tools/media/program/sound.h"

#include <algorithm>
#include <vector>

#include "engine/media.h"
#include "tools/media/program/answer.h"
#include "tools/media/program/container.h"
#include "tools/media/program/decoder.h"
#include "tools/media/program/facts.h"
#include "tools/media/program/resampler.h"

namespace facet::tools::media {
namespace {

constexpr double kRate = engine::kSampleRate;
// Clocks of containers are coarse and encoders add some samples at the beginning: what is less is no pause.
constexpr double kLeastPause = 0.2;
// What is more is no pause but a clock that has been set.
constexpr double kMostPause = 600;
// All pauses of a file together: else a small file full of pauses would be a recording of a year.
constexpr double kMostSilence = 3600;

// Passes samples on, without those to be skipped.
class Outlet {
 public:
  explicit Outlet(std::uint64_t skipped) : skipped_(skipped) {}

  void pass(std::vector<float>& samples) {
    const auto dropped = static_cast<std::size_t>(std::min<std::uint64_t>(skipped_ - dropped_, samples.size()));
    dropped_ += dropped;
    count_ += samples.size();
    send_samples(std::span(samples).subspan(dropped));
    samples.clear();
  }

  void pass_silence(double seconds) {
    constexpr std::size_t kPiece = engine::kSampleRate;
    auto left = static_cast<std::size_t>(seconds * kRate);
    for (std::vector<float> silence; left > 0; left -= std::min(left, kPiece)) {
      silence.assign(std::min(left, kPiece), 0.0F);
      pass(silence);
    }
  }

  double count() const { return static_cast<double>(count_); }

 private:
  std::uint64_t skipped_;
  std::uint64_t dropped_ = 0;
  std::uint64_t count_ = 0;
};

// Compares the file's clock with the samples that there are.
class Clock {
 public:
  Clock(AVRational unit, double begin) : unit_(unit), begin_(begin) {}

  // How many seconds of silence belong in front of the frame, when the sound so far has that length.
  double pause_before(const AVFrame& frame, double so_far) {
    if (frame.best_effort_timestamp == AV_NOPTS_VALUE) return 0;
    const double time = static_cast<double>(frame.best_effort_timestamp) * av_q2d(unit_) - begin_;
    const double missing = time - so_far - set_by_;
    if (missing < kLeastPause && missing > -kMostPause) return 0;
    if (missing < 0 || missing > kMostPause || silence_ + missing > kMostSilence) {
      set_by_ += missing;
      return 0;
    }
    silence_ += missing;
    return missing;
  }

 private:
  AVRational unit_;
  double begin_;
  double set_by_ = 0;
  double silence_ = 0;
};

class Sound {
 public:
  Sound(Container& container, const AVStream& stream, std::uint64_t skipped)
      : container_(container),
        decoder_(stream.codecpar->codec_id, stream.codecpar, stream.time_base, /*threads=*/1),
        clock_(stream.time_base, container.begin_seconds()),
        outlet_(skipped),
        frame_(av_frame_alloc()) {
    if (!frame_) fail(Failure::OutOfMemory);
  }

  [[noreturn]] void answer() {
    const Owned<AVPacket> packet(av_packet_alloc());
    if (!packet) fail(Failure::OutOfMemory);
    Progress progress;
    while (container_.next(*packet)) {
      decoder_.send(packet.get());
      pass_frames();
      progress.reach(container_.part_read());
    }
    decoder_.send(nullptr);
    pass_frames();
    resampler_.finish(samples_);
    outlet_.pass(samples_);
    if (outlet_.count() == 0) fail(decoder_.was_damaged() ? Failure::Damaged : Failure::NoSound);
    end(decoder_.was_damaged());
  }

 private:
  void pass_frames() {
    while (decoder_.receive(*frame_)) {
      const double so_far = (outlet_.count() + resampler_.held()) / kRate;
      if (const double pause = clock_.pause_before(*frame_, so_far); pause > 0) {
        resampler_.finish(samples_);
        outlet_.pass(samples_);
        outlet_.pass_silence(pause);
      }
      if (!resampler_.take(*frame_, samples_)) fail(Failure::Damaged);
      outlet_.pass(samples_);
    }
  }

  Container& container_;
  Decoder decoder_;
  Clock clock_;
  Outlet outlet_;
  Resampler resampler_;
  Owned<AVFrame> frame_;
  std::vector<float> samples_;
};

}  // namespace

void answer_sound(const FileBytes& file, std::uint64_t skipped) {
  if (is_picture(file)) fail(Failure::NoSound);
  Container container(file);
  const AVStream* stream = container.best(AVMEDIA_TYPE_AUDIO);
  if (stream == nullptr) fail(Failure::NoSound);
  container.only(*stream);
  send(facts_of(container));
  Sound(container, *stream, skipped).answer();
}

}  // namespace facet::tools::media
