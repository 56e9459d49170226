#include "app/media/recorded_sound.h"

#include <utility>

#include "tools/media/media_reader.h"

namespace facet::app::media {

namespace {

class RecordedSound : public agent::SoundReader {
 public:
  explicit RecordedSound(std::unique_ptr<tools::media::SoundStream> stream) : stream_(std::move(stream)) {}

  Result<std::size_t> read(std::span<float> to) override { return stream_->read(to); }
  std::optional<double> seconds() const override { return stream_->facts().seconds; }

 private:
  std::unique_ptr<tools::media::SoundStream> stream_;
};

class RecordedSoundSource : public agent::SoundSource {
 public:
  explicit RecordedSoundSource(const std::filesystem::path& program) : reader_(program) {}

  Result<std::unique_ptr<agent::SoundReader>> open(const std::string& path, std::uint64_t skipped,
                                                   std::stop_token stop) override {
    FACET_ASSIGN_OR_RETURN(const auto file, tools::media::MediaFile::open(path));
    FACET_ASSIGN_OR_RETURN(auto stream, reader_.sound_stream(file, {std::move(stop), {}}, skipped));
    return std::unique_ptr<agent::SoundReader>(std::make_unique<RecordedSound>(std::move(stream)));
  }

 private:
  const tools::media::MediaReader reader_;
};

}  // namespace

std::shared_ptr<agent::SoundSource> recorded_sound(const std::filesystem::path& program) {
  return std::make_shared<RecordedSoundSource>(program);
}

}  // namespace facet::app::media
