#include "tools/media/program/frames.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/media/video_frames.h"
#include "tools/media/program/answer.h"
#include "tools/media/program/confine.h"
#include "tools/media/program/container.h"
#include "tools/media/program/decoder.h"
#include "tools/media/program/facts.h"
#include "tools/media/program/picture.h"
#include "tools/media/program/video_stream.h"

namespace facet::tools::media {
namespace {

// A decoder keeps up to 16 frames to refer to, and some for its threads, of 2 bytes for each pixel.
constexpr std::uint64_t kMemoryPerPixel = 64;

int thread_count() {
  constexpr int kMostThreads = 4;
  cpu_set_t usable;
  CPU_ZERO(&usable);
  if (sched_getaffinity(0, sizeof usable, &usable) != 0) return 1;
  return std::clamp(CPU_COUNT(&usable), 1, kMostThreads);
}

// The frames of one stream in the order of showing, from the beginning, with jumps over what is not wanted.
class Frames {
 public:
  Frames(Container& container, const AVStream& stream, const FrameTimes& times)
      : container_(container),
        stream_(stream),
        times_(times),
        decoder_(stream.codecpar->codec_id, stream.codecpar, stream.time_base, thread_count()),
        packet_(av_packet_alloc()),
        frame_(av_frame_alloc()) {
    if (!packet_ || !frame_) fail(Failure::OutOfMemory);
  }

  // The first frame that is shown at this time or later; null behind the last one.
  const AVFrame* at_time(std::int64_t time) {
    jump_near(time);
    skip_before_ = time;
    while (next())
      if (frame_->best_effort_timestamp == AV_NOPTS_VALUE || frame_->best_effort_timestamp >= time) return frame_.get();
    return nullptr;
  }

  // The nth, for a file without times. Precondition: n grows from call to call.
  const AVFrame* at_place(std::uint64_t n) {
    while (next())
      if (place_++ == n) return frame_.get();
    return nullptr;
  }

  bool was_damaged() const { return decoder_.was_damaged(); }

 private:
  bool next() {
    while (true) {
      if (decoder_.receive(*frame_)) {
        if (frame_->best_effort_timestamp != AV_NOPTS_VALUE) reached_ = frame_->best_effort_timestamp;
        return true;
      }
      if (is_at_end_) return false;
      feed();
    }
  }

  void feed() {
    is_at_end_ = !container_.next(*packet_);
    if (is_at_end_) {
      decoder_.send(nullptr);
    } else {
      // A frame that no other refers to and that is not wanted need not be decoded.
      const bool is_early = skip_before_ && packet_->pts != AV_NOPTS_VALUE && packet_->pts < *skip_before_;
      decoder_.context().skip_frame = is_early ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
      decoder_.send(packet_.get());
    }
  }

  // To the last frame before that time where decoding can begin, if it lies well ahead: a jump costs what the decoder
  // has under way.
  void jump_near(std::int64_t time) {
    constexpr double kLeastJump = 2;  // seconds
    const auto after = std::upper_bound(times_.keys.begin(), times_.keys.end(), time);
    if (after == times_.keys.begin()) return;
    const std::int64_t key = *(after - 1);
    const std::int64_t from = reached_.value_or(times_.shown.front());
    if (static_cast<double>(key - from) * av_q2d(stream_.time_base) < kLeastJump) return;
    if (av_seek_frame(container_.context(), stream_.index, key, AVSEEK_FLAG_BACKWARD) < 0) return;
    decoder_.forget();
    is_at_end_ = false;
  }

  Container& container_;
  const AVStream& stream_;
  const FrameTimes& times_;
  Decoder decoder_;
  Owned<AVPacket> packet_;
  Owned<AVFrame> frame_;
  std::optional<std::int64_t> reached_;
  std::optional<std::int64_t> skip_before_;
  std::uint64_t place_ = 0;
  bool is_at_end_ = false;
};

class Answer {
 public:
  Answer(Container& container, const AVStream& stream, const FrameTimes& times)
      : container_(container), stream_(stream), times_(times), frames_(container, stream, times) {}

  [[noreturn]] void give(std::uint32_t wanted) {
    const bool has_times = !times_.shown.empty();
    const auto places = engine::sampled_frames(has_times ? times_.shown.size() : times_.count, wanted);
    Progress progress;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const AVFrame* frame = has_times ? frames_.at_time(times_.shown[places[i]]) : frames_.at_place(places[i]);
      if (frame == nullptr) break;
      give(*frame, places[i]);
      progress.reach(0.5 + 0.5 * static_cast<double>(i + 1) / static_cast<double>(places.size()));
    }
    if (given_ == 0) fail(Failure::Damaged);
    end(frames_.was_damaged() || given_ < places.size());
  }

 private:
  void give(const AVFrame& frame, std::uint64_t place) {
    const Size stored{frame.width, frame.height};
    const AVRational pixel = av_guess_sample_aspect_ratio(container_.context(), const_cast<AVStream*>(&stream_),
                                                          const_cast<AVFrame*>(&frame));
    Size shown = square_pixels(stored, pixel);
    const auto width = static_cast<std::uint64_t>(shown.width);
    if (!engine::check_image_size(width, static_cast<std::uint64_t>(shown.height)).ok()) shown = stored;
    const engine::RgbImage image = upright(to_rgb(frame, Convention::Video, shown), orientation_of(stream_));
    send(ImageMessage{image.width, image.height, 0, 0, seconds_of(frame, place)});
    send_pixels(image.pixels);
    ++given_;
  }

  double seconds_of(const AVFrame& frame, std::uint64_t place) const {
    if (frame.best_effort_timestamp == AV_NOPTS_VALUE || times_.shown.empty())
      return engine::frame_seconds(place, times_.rate);
    const double time = static_cast<double>(frame.best_effort_timestamp) * av_q2d(stream_.time_base);
    return std::max(time - container_.begin_seconds(), 0.0);
  }

  Container& container_;
  const AVStream& stream_;
  const FrameTimes& times_;
  Frames frames_;
  std::size_t given_ = 0;
};

const AVStream& only_video_of(Container& container) {
  const AVStream* stream = container.best(AVMEDIA_TYPE_VIDEO);
  if (stream == nullptr) fail(Failure::NoVideo);
  container.only(*stream);
  return *stream;
}

// A moving picture in a format of pictures is a video too; every other one is not.
bool is_still(const FileBytes& file) {
  const auto picture = picture_facts(file);
  return picture && picture->format != std::string_view("gif") && picture->format != std::string_view("png");
}

}  // namespace

void answer_frames(const FileBytes& file, std::uint32_t wanted) {
  if (is_still(file)) fail(Failure::NoVideo);
  // Twice from the beginning, for not every format can be read again from there.
  Container first(file);
  const AVStream& stream = only_video_of(first);
  const FactsMessage facts = facts_of(first);
  if (!engine::check_image_size(facts.width, facts.height).ok()) fail_too_large(facts.width, facts.height);
  allow_more_memory(std::uint64_t{facts.width} * facts.height * kMemoryPerPixel);
  send(facts);
  const FrameTimes times = read_frame_times(first, stream);
  if (times.count == 0) fail(Failure::Damaged);
  Container second(file);
  Answer(second, only_video_of(second), times).give(wanted);
}

}  // namespace facet::tools::media
