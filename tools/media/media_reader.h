#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/media.h"
#include "engine/media/video_frames.h"
#include "tools/media/decoder_process.h"
#include "tools/media/media_file.h"
#include "tools/media/media_limits.h"

// Pictures, sound and video from files of other people. They are decoded by a program of its own that can do nothing
// but that (tools/media/README.md); what comes back is checked.
namespace facet::tools::media {

// How far the decoder says it is. It says so a hundred times at most; one that says it more often would keep its reader
// busy for ever.
class ProgressReports {
 public:
  explicit ProgressReports(std::function<void(double)> tell) : tell_(std::move(tell)) {}
  // False when it is not ahead of the last one.
  bool take(double part);
  void finish();

 private:
  std::function<void(double)> tell_;
  double last_ = -1;
};

// For work that takes a while: how far it is, from 0 to 1, told in the thread that called; and how to end it.
struct Progressing {
  std::stop_token stop;
  std::function<void(double)> progress;
};

struct MediaFacts {
  MediaKind kind = MediaKind::Picture;
  bool has_sound = false;
  std::uint32_t width = 0;  // as it is shown; 0 for sound, and where only decoding tells it
  std::uint32_t height = 0;
  std::optional<double> seconds;
  std::string format;  // as FFmpeg names it: "png", "mov,mp4,m4a,3gp,3g2,mj2"

  bool operator==(const MediaFacts&) const = default;
};

struct Picture {
  engine::RgbImage image;
  bool is_damaged = false;  // parts of it could not be decoded, and are grey or of one colour
};

struct VideoFrame {
  engine::RgbImage image;
  double seconds = 0;  // since the video's beginning
};

// The sound of a file of any length, from its beginning to its end or from a later sample on. It belongs to the thread
// that has opened it, with which the decoder ends. The decoder works ahead by no more than a pipe holds, so memory does
// not grow with the length.
class SoundStream {
 public:
  // The next samples; fewer than there is room for at the end alone, where there are none.
  Result<std::size_t> read(std::span<float> to);
  const MediaFacts& facts() const { return facts_; }
  bool is_damaged() const { return is_damaged_; }  // known at the end

 private:
  friend class MediaReader;
  SoundStream(std::unique_ptr<DecoderProcess> process, MediaFacts facts, std::function<void(double)> progress)
      : process_(std::move(process)), facts_(std::move(facts)), progress_(std::move(progress)) {}
  Status take_message();

  std::unique_ptr<DecoderProcess> process_;
  MediaFacts facts_;
  ProgressReports progress_;
  std::vector<float> samples_;  // of one message
  std::size_t position_ = 0;
  bool is_damaged_ = false;
  bool is_at_end_ = false;
};

// Frames of a video, one in memory at a time. It belongs to the thread that has opened it.
class FrameStream {
 public:
  // The next one; nothing at the end.
  Result<std::optional<VideoFrame>> next();
  const MediaFacts& facts() const { return facts_; }
  bool is_damaged() const { return is_damaged_; }  // known at the end

 private:
  friend class MediaReader;
  FrameStream(std::unique_ptr<DecoderProcess> process, MediaFacts facts, std::function<void(double)> progress,
              std::uint32_t wanted)
      : process_(std::move(process)), facts_(std::move(facts)), progress_(std::move(progress)), left_(wanted) {}

  std::unique_ptr<DecoderProcess> process_;
  MediaFacts facts_;
  ProgressReports progress_;
  std::uint32_t left_;  // more frames than were asked for are nonsense
  bool is_damaged_ = false;
  bool is_at_end_ = false;
};

// Starts one process for each call. Any thread may call.
class MediaReader {
 public:
  // `program` is facet-media.
  explicit MediaReader(std::filesystem::path program, MediaLimits picture_limits = kPictureLimits,
                       MediaLimits recording_limits = kRecordingLimits)
      : program_(std::move(program)), picture_limits_(picture_limits), recording_limits_(recording_limits) {}

  Result<MediaFacts> describe(const MediaFile& file, std::stop_token stop = {}) const;
  Result<Picture> picture(const MediaFile& file, std::stop_token stop = {}) const;
  // Without the first `skipped` samples, for going on with what was left off.
  Result<std::unique_ptr<SoundStream>> sound_stream(const MediaFile& file, const Progressing& progressing = {},
                                                    std::uint64_t skipped = 0) const;
  // The whole, of at most an hour.
  Result<engine::PcmAudio> sound(const MediaFile& file, const Progressing& progressing = {}) const;
  // Those that `engine::sampled_frames` chooses.
  Result<std::unique_ptr<FrameStream>> frames(const MediaFile& file, const Progressing& progressing = {},
                                              std::uint32_t wanted = engine::kVideoFrames) const;
  // Whether the program is there and what must be forbidden to it is. The system answers, not the program's word.
  Result<ConfinementMessage> confinement() const;

 private:
  std::filesystem::path program_;
  MediaLimits picture_limits_;
  MediaLimits recording_limits_;
};

// Where the program is that belongs to the one in this folder: beside it in a build, in ../libexec/facet once
// installed.
std::filesystem::path find_media_program(const std::filesystem::path& folder);
// The one that belongs to the running program.
std::filesystem::path own_media_program();

}  // namespace facet::tools::media
