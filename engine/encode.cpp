#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/engine_state.h"
#include "engine/media/encoder_input.h"
#include "engine/media/log_mel.h"
#include "engine/media/projector_identity.h"

// Pictures and sound on their way to soft tokens.
namespace facet::engine {
namespace {

template <typename T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string hash_of(const RgbImage& image, std::uint32_t budget) {
  Sha256 hash;
  hash.update("picture " + std::to_string(image.width) + " " + std::to_string(image.height) + " " +
              std::to_string(budget) + " ");
  hash.update(bytes_of(image.pixels));
  return hash.finish();
}

std::string hash_of(const PcmAudio& audio) {
  Sha256 hash;
  hash.update("sound " + std::to_string(audio.samples.size()) + " ");
  hash.update(bytes_of(audio.samples));
  return hash.finish();
}

Error can_not(const ModelDescription& model, const char* what) {
  std::string sentence = "'" + model.name + "' can not " + what + " here";
  sentence += model.media_remark.empty() ? "; it needs a projector ('mmproj' file) that can, beside its own file."
                                         : ": " + model.media_remark;
  return {Error::Code::Unsupported, sentence};
}

}  // namespace

// In short turns, so that conversations go on in between. A device that is lost in the meantime has forgotten all.
template <typename Encoder, typename Begin>
Result<std::vector<float>> Engine::State::encode(Encoder* (LoadedModel::*encoder)(), const Begin& begin,
                                                 Priority priority, const std::stop_token& stop) {
  const std::lock_guard one_at_a_time(encoding);
  int losses = 0;
  while (true) {
    std::uint64_t begun = 0;
    bool has_begun = false;
    Result<bool> done = false;
    while (done.ok() && !*done) {
      if (stop.stop_requested()) return Error{Error::Code::Stopped, "The encoding was stopped."};
      const Turn here(turn, priority);
      if (loaded == nullptr) FACET_RETURN_IF_ERROR(load());
      if (!has_begun || begun != generation) {
        FACET_RETURN_IF_ERROR(begin(*(*loaded.*encoder)()));
        begun = generation;
        has_begun = true;
      }
      done = (*loaded.*encoder)()->step();
      if (!done.ok()) FACET_RETURN_IF_ERROR(recover(done.error(), ++losses));
      if (done.ok() && *done) return (*loaded.*encoder)()->take_rows();
    }
  }
}

// The projector, in which numbers its matrices are multiplied, and what is encoded. Devices differ by less.
std::string Engine::State::media_key(const std::string& hash, const std::stop_token& stop) {
  if (media_folder == nullptr) return {};
  const std::lock_guard guard(identity_mutex_);
  if (identity_.empty()) {
    const GgufFile& source = projector.own_file != nullptr ? *projector.own_file : *file;
    identity_ = projector_identity(source, projector.get()->config, *media_folder, stop);
  }
  if (identity_.empty()) return {};
  return sha256_hex(identity_ + (needs.products == Products::Int8 ? " fast " : " full ") + hash);
}

std::shared_ptr<const MediaEmbedding> Engine::State::find_media(MediaEmbedding::Kind kind, const std::string& hash,
                                                                const std::stop_token& stop) {
  if (auto found = media->find(hash)) return found;
  const std::string key = media_key(hash, stop);
  if (key.empty()) return nullptr;
  auto found = media_folder->find(key, kind, config.embedding_length, hash);
  if (found != nullptr) media->add(found);
  return found;
}

Result<std::shared_ptr<const MediaEmbedding>> Engine::State::keep(MediaEmbedding::Kind kind, std::string hash,
                                                                  std::vector<float> rows, Priority priority,
                                                                  const std::stop_token& stop) {
  ++encodings;
  if (!file->is_intact()) return file->lost();
  if (!projector.is_intact()) return projector.own_file->lost();
  if (!are_numbers(rows)) {
    const GgufFile& source = projector.own_file != nullptr ? *projector.own_file : *file;
    return Error{Error::Code::CorruptFile,
                 "'" + source.path().filename().string() +
                     "' gave results that are not numbers, so its weights are damaged; get the file again."};
  }
  auto embedding = std::make_shared<const MediaEmbedding>(
      MediaEmbedding{kind, std::move(hash), config.embedding_length, std::move(rows)});
  // What is encoded in the background is asked for once, and would push out what a conversation comes back to.
  if (priority == Priority::Background) return embedding;
  media->add(embedding);
  if (const std::string key = media_key(embedding->hash, stop); !key.empty()) media_folder->add(key, *embedding);
  return embedding;
}

Result<std::shared_ptr<const MediaEmbedding>> Engine::encode(const RgbImage& image, std::uint32_t budget,
                                                             Priority priority, const std::stop_token& stop) const {
  State& state = *state_;
  if (!state.description.sees) return can_not(state.description, "see");
  FACET_RETURN_IF_ERROR(check(image));
  std::string hash = hash_of(image, budget);
  if (auto found = state.find_media(MediaEmbedding::Kind::Picture, hash, stop)) return found;
  FACET_ASSIGN_OR_RETURN(const Patches patches, patches_of(image, budget, *state.projector.get()->config.vision));
  const auto begin = [&](VisionEncoder& encoder) { return encoder.begin(patches); };
  FACET_ASSIGN_OR_RETURN(std::vector<float> rows, state.encode(&LoadedModel::vision, begin, priority, stop));
  return state.keep(MediaEmbedding::Kind::Picture, std::move(hash), std::move(rows), priority, stop);
}

Result<std::shared_ptr<const MediaEmbedding>> Engine::encode(const PcmAudio& audio, Priority priority,
                                                             const std::stop_token& stop) const {
  State& state = *state_;
  if (!state.description.hears) return can_not(state.description, "hear");
  const HearingConfig& config = *state.projector.get()->config.hearing;
  const bool has_encoder = config.has_encoder();
  FACET_RETURN_IF_ERROR(check_sound(audio, config));
  std::string hash = hash_of(audio);
  if (auto found = state.find_media(MediaEmbedding::Kind::Sound, hash, stop)) return found;
  const LogMel mel = has_encoder ? log_mel(audio.samples) : LogMel();
  const auto begin = [&](HearingEncoder& encoder) -> Status {
    has_encoder ? encoder.begin(mel) : encoder.begin(std::span(audio.samples));
    return {};
  };
  FACET_ASSIGN_OR_RETURN(std::vector<float> rows, state.encode(&LoadedModel::hearing, begin, priority, stop));
  return state.keep(MediaEmbedding::Kind::Sound, std::move(hash), std::move(rows), priority, stop);
}

}  // namespace facet::engine
