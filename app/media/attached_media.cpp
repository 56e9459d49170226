#include "app/media/attached_media.h"

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "agent/meeting/speech_pieces.h"
#include "engine/media/image_size.h"
#include "engine/media/log_mel.h"
#include "engine/media/picture_plan.h"
#include "engine/media/video_frames.h"
#include "tools/media/media_reader.h"

namespace facet::app::media {

namespace {

using agent::AttachedMedia;
using agent::MediaItem;
using agent::MediaKind;
using agent::MediaPiece;

// A track that is longer is more than memory should hold, and than any model can hear: 25 tokens for each second.
constexpr double kMostSoundSeconds = static_cast<double>(engine::kMaxAudioSamples) / engine::kSampleRate;
// Of the time that a video with sound takes, so much goes into its frames.
constexpr double kFramesPart = 0.5;

Result<tools::media::MediaFile> open(const std::string& path, const std::string& name) {
  FACET_ASSIGN_OR_RETURN(tools::media::MediaFile file, tools::media::MediaFile::open(path));
  // A copy is called by its checksum, which tells nobody anything.
  if (!name.empty()) file.name = name;
  return file;
}

void take_plan(const engine::PicturePlan& plan, AttachedMedia& media) {
  media.budget = plan.budget;
  media.tile_columns = plan.tiles.columns;
  media.tile_rows = plan.tiles.rows;
  media.shrinking = plan.shrinking;
  media.pieces.clear();
  for (const engine::PictureArea& area : plan.parts)
    media.pieces.push_back(
        {.kind = MediaPiece::Kind::Picture, .x = area.x, .y = area.y, .width = area.width, .height = area.height});
}

// How many tokens the pictures and frames come to.
Status count_tokens(AttachedMedia& media) {
  for (MediaPiece& piece : media.pieces) {
    if (piece.kind == MediaPiece::Kind::Sound) continue;
    FACET_ASSIGN_OR_RETURN(const engine::TargetSize size,
                           engine::target_image_size(piece.width, piece.height, media.budget));
    piece.tokens = static_cast<std::int64_t>(size.soft_tokens().count());
    if (piece.kind == MediaPiece::Kind::Frame) media.shrinking = static_cast<double>(piece.width) / size.width;
  }
  return {};
}

void add_sound(const engine::PcmAudio& audio, AttachedMedia& media) {
  for (const agent::SampleRange& range : agent::cut_at_pauses(audio.samples)) {
    const std::size_t tokens = engine::encoded_sound_tokens(range.end - range.begin);
    // What is shorter than a token can not be heard.
    if (tokens == 0) continue;
    media.pieces.push_back({.kind = MediaPiece::Kind::Sound,
                            .begin = static_cast<std::int64_t>(range.begin),
                            .end = static_cast<std::int64_t>(range.end),
                            .tokens = static_cast<std::int64_t>(tokens)});
  }
}

class AttachedMediaSource : public agent::MediaSource {
 public:
  explicit AttachedMediaSource(const std::filesystem::path& program) : reader_(program) {}

  Result<AttachedMedia> describe(const std::string& path, std::stop_token stop, const Progress& progress) override {
    FACET_ASSIGN_OR_RETURN(const auto file, open(path, {}));
    FACET_ASSIGN_OR_RETURN(const tools::media::MediaFacts facts, reader_.describe(file, stop));
    AttachedMedia media;
    media.width = facts.width;
    media.height = facts.height;
    media.duration_ms = std::llround(facts.seconds.value_or(0) * 1000);
    switch (facts.kind) {
      case tools::media::MediaKind::Picture:
        FACET_RETURN_IF_ERROR(describe_picture(file, stop, media));
        break;
      case tools::media::MediaKind::Sound:
        FACET_RETURN_IF_ERROR(describe_sound(file, {stop, progress}, media));
        break;
      case tools::media::MediaKind::Video:
        FACET_RETURN_IF_ERROR(describe_video(file, facts, {stop, progress}, media));
        break;
    }
    return media;
  }

  Result<AttachedMedia> with_budget(const AttachedMedia& described, std::uint32_t budget) override {
    AttachedMedia media = described;
    media.budget_choice = agent::BudgetChoice::ByUser;
    if (media.kind == MediaKind::Picture) {
      FACET_ASSIGN_OR_RETURN(const auto plan, engine::plan_picture(media.width, media.height, budget));
      take_plan(plan, media);
    }
    media.budget = budget;
    FACET_RETURN_IF_ERROR(count_tokens(media));
    return media;
  }

  Status decode(std::span<const MediaItem> items, const Taker& take, std::stop_token stop) override {
    if (items.empty()) return {};
    FACET_ASSIGN_OR_RETURN(const auto file, open(items.front().file, items.front().name));
    switch (items.front().piece.kind) {
      case MediaPiece::Kind::Picture:
        return decode_picture(file, items, take, stop);
      case MediaPiece::Kind::Frame:
        return decode_frames(file, items, take, stop);
      case MediaPiece::Kind::Sound:
        return decode_sound(file, items, take, stop);
    }
    return {};
  }

 private:
  Status describe_picture(const tools::media::MediaFile& file, const std::stop_token& stop, AttachedMedia& media) {
    FACET_ASSIGN_OR_RETURN(const tools::media::Picture picture, reader_.picture(file, stop));
    if (picture.is_damaged) media.remark = "a part is damaged and can not be seen; get the file again, or save it anew";
    media.kind = MediaKind::Picture;
    media.width = picture.image.width;
    media.height = picture.image.height;
    FACET_ASSIGN_OR_RETURN(const engine::PicturePlan plan, engine::plan_picture(picture.image));
    take_plan(plan, media);
    return count_tokens(media);
  }

  Status describe_sound(const tools::media::MediaFile& file, const tools::media::Progressing& progressing,
                        AttachedMedia& media) {
    FACET_ASSIGN_OR_RETURN(const engine::PcmAudio audio, reader_.sound(file, progressing));
    media.kind = MediaKind::Sound;
    media.duration_ms = static_cast<std::int64_t>(audio.samples.size() * 1000 / engine::kSampleRate);
    add_sound(audio, media);
    if (media.pieces.empty())
      return Error{Error::Code::InvalidInput, "The recording " + file.name + " is too short to hear anything."};
    return {};
  }

  Status describe_video(const tools::media::MediaFile& file, const tools::media::MediaFacts& facts,
                        const tools::media::Progressing& progressing, AttachedMedia& media) {
    media.kind = MediaKind::Video;
    media.budget = engine::kDefaultFrameBudget;
    FACET_ASSIGN_OR_RETURN(const auto frames,
                           reader_.frames(file, part_of(progressing, 0, facts.has_sound ? kFramesPart : 1)));
    while (true) {
      FACET_ASSIGN_OR_RETURN(const auto frame, frames->next());
      if (!frame) break;
      media.pieces.push_back({.kind = MediaPiece::Kind::Frame,
                              .width = frame->image.width,
                              .height = frame->image.height,
                              .number = static_cast<std::int64_t>(media.pieces.size()),
                              .shown_ms = std::llround(std::max(frame->seconds, 0.0) * 1000)});
    }
    if (media.pieces.empty())
      return Error{Error::Code::InvalidInput, "The video " + file.name + " has no picture that can be shown."};
    media.width = media.pieces.front().width;
    media.height = media.pieces.front().height;
    FACET_RETURN_IF_ERROR(count_tokens(media));
    if (facts.has_sound) return describe_track(file, facts, part_of(progressing, kFramesPart, 1), media);
    return {};
  }

  // What is seen of a video is worth being shown without its sound.
  Status describe_track(const tools::media::MediaFile& file, const tools::media::MediaFacts& facts,
                        const tools::media::Progressing& progressing, AttachedMedia& media) {
    if (facts.seconds.value_or(0) > kMostSoundSeconds) {
      media.remark = "the sound is left out because it is longer than an hour";
      return {};
    }
    const Result<engine::PcmAudio> audio = reader_.sound(file, progressing);
    if (audio.ok()) {
      add_sound(*audio, media);
    } else if (audio.error().code == Error::Code::Stopped) {
      return audio.error();
    } else {
      media.remark = "the sound is left out because it can not be decoded";
    }
    return {};
  }

  // The progress of a part of the work.
  static tools::media::Progressing part_of(const tools::media::Progressing& whole, double from, double to) {
    if (!whole.progress) return {whole.stop, {}};
    return {whole.stop, [tell = whole.progress, from, to](double done) { tell(from + (to - from) * done); }};
  }

  Status decode_picture(const tools::media::MediaFile& file, std::span<const MediaItem> items, const Taker& take,
                        const std::stop_token& stop) {
    FACET_ASSIGN_OR_RETURN(tools::media::Picture picture, reader_.picture(file, stop));
    const engine::RgbImage& image = picture.image;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const MediaPiece& piece = items[i].piece;
      const engine::PictureArea area{piece.x, piece.y, piece.width, piece.height};
      if (std::uint64_t{area.x} + area.width > image.width || std::uint64_t{area.y} + area.height > image.height)
        return changed(file);
      FACET_RETURN_IF_ERROR(take(i, engine::cut_out(image, area)));
    }
    return {};
  }

  Status decode_frames(const tools::media::MediaFile& file, std::span<const MediaItem> items, const Taker& take,
                       const std::stop_token& stop) {
    FACET_ASSIGN_OR_RETURN(const auto frames, reader_.frames(file, {stop, {}}));
    std::size_t wanted = 0;
    for (std::int64_t number = 0; wanted < items.size(); ++number) {
      FACET_ASSIGN_OR_RETURN(auto frame, frames->next());
      if (!frame) return changed(file);
      if (items[wanted].piece.number != number) continue;
      FACET_RETURN_IF_ERROR(take(wanted, std::move(frame->image)));
      ++wanted;
    }
    return {};
  }

  Status decode_sound(const tools::media::MediaFile& file, std::span<const MediaItem> items, const Taker& take,
                      const std::stop_token& stop) {
    FACET_ASSIGN_OR_RETURN(const engine::PcmAudio audio, reader_.sound(file, {stop, {}}));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const MediaPiece& piece = items[i].piece;
      if (static_cast<std::uint64_t>(piece.end) > audio.samples.size()) return changed(file);
      FACET_RETURN_IF_ERROR(
          take(i, engine::PcmAudio{{audio.samples.begin() + piece.begin, audio.samples.begin() + piece.end}}));
    }
    return {};
  }

  static Error changed(const tools::media::MediaFile& file) {
    return {Error::Code::InvalidInput,
            "The file " + file.name + " has changed since it was attached; attach it again."};
  }

  const tools::media::MediaReader reader_;
};

}  // namespace

std::shared_ptr<agent::MediaSource> attached_media(const std::filesystem::path& program) {
  return std::make_shared<AttachedMediaSource>(program);
}

}  // namespace facet::app::media
