#include "tools/media/media_reader.h"

#include <fcntl.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "tools/media/messages.h"

namespace facet::tools::media {

Result<MediaFacts> MediaReader::describe(const MediaFile& file, std::stop_token stop) const {
  FACET_ASSIGN_OR_RETURN(const auto process,
                         DecoderProcess::start(program_, file, {"describe"}, picture_limits_, std::move(stop)));
  FACET_ASSIGN_OR_RETURN(const Message message, process->next());
  FACET_ASSIGN_OR_RETURN(MediaFacts facts, take_facts(*process, message));
  FACET_ASSIGN_OR_RETURN(const Message last, process->next());
  FACET_RETURN_IF_ERROR(take_end(*process, last));
  return facts;
}

Result<Picture> MediaReader::picture(const MediaFile& file, std::stop_token stop) const {
  FACET_ASSIGN_OR_RETURN(const auto process,
                         DecoderProcess::start(program_, file, {"picture"}, picture_limits_, std::move(stop)));
  FACET_ASSIGN_OR_RETURN(const Message message, process->next());
  FACET_ASSIGN_OR_RETURN(IncomingImage incoming, take_image(*process, message));
  FACET_ASSIGN_OR_RETURN(const Message last, process->next());
  FACET_RETURN_IF_ERROR(take_end(*process, last));
  return Picture{std::move(incoming.image), incoming.is_damaged};
}

Result<std::unique_ptr<SoundStream>> MediaReader::sound_stream(const MediaFile& file, const Progressing& progressing,
                                                               std::uint64_t skipped) const {
  FACET_ASSIGN_OR_RETURN(
      auto process, DecoderProcess::start(program_, file, {"sound", skipped}, recording_limits_, progressing.stop));
  FACET_ASSIGN_OR_RETURN(const Message message, process->next());
  FACET_ASSIGN_OR_RETURN(MediaFacts facts, take_facts(*process, message));
  return std::unique_ptr<SoundStream>(new SoundStream(std::move(process), std::move(facts), progressing.progress));
}

Result<engine::PcmAudio> MediaReader::sound(const MediaFile& file, const Progressing& progressing) const {
  FACET_ASSIGN_OR_RETURN(const auto stream, sound_stream(file, progressing));
  engine::PcmAudio audio;
  std::vector<float> piece(engine::kSampleRate);
  while (true) {
    FACET_ASSIGN_OR_RETURN(const std::size_t count, stream->read(piece));
    audio.samples.insert(audio.samples.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    if (count == 0 || audio.samples.size() > engine::kMaxAudioSamples) break;
  }
  FACET_RETURN_IF_ERROR(engine::check(audio));
  return audio;
}

Result<std::unique_ptr<FrameStream>> MediaReader::frames(const MediaFile& file, const Progressing& progressing,
                                                         std::uint32_t wanted) const {
  FACET_ASSIGN_OR_RETURN(
      auto process, DecoderProcess::start(program_, file, {"frames", wanted}, recording_limits_, progressing.stop));
  FACET_ASSIGN_OR_RETURN(const Message message, process->next());
  FACET_ASSIGN_OR_RETURN(MediaFacts facts, take_facts(*process, message));
  return std::unique_ptr<FrameStream>(
      new FrameStream(std::move(process), std::move(facts), progressing.progress, wanted));
}

Result<ConfinementMessage> MediaReader::confinement() const {
  const MediaFile nothing{Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)), "the decoder's self-test", 0};
  FACET_ASSIGN_OR_RETURN(const auto process,
                         DecoderProcess::start(program_, nothing, {"confinement"}, picture_limits_, {}));
  FACET_ASSIGN_OR_RETURN(const Message message, process->next());
  const auto confinement = message.as<ConfinementMessage>();
  if (message.kind != MessageKind::Confinement || !confinement) return process->nonsense();
  FACET_ASSIGN_OR_RETURN(const Message last, process->next());
  FACET_RETURN_IF_ERROR(take_end(*process, last));
  return *confinement;
}

std::filesystem::path find_media_program(const std::filesystem::path& folder) {
  const std::filesystem::path installed = folder.parent_path() / "libexec" / "facet" / "facet-media";
  std::error_code ignored;
  return std::filesystem::exists(installed, ignored) ? installed : folder / "facet-media";
}

std::filesystem::path own_media_program() {
  std::error_code ignored;
  return find_media_program(std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path());
}

}  // namespace facet::tools::media
