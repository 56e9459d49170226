#include "engine/encoders.h"

#include <span>
#include <utility>

#include "engine/gguf/gguf_file.h"
#include "engine/load_plan.h"
#include "engine/media/encoder_buffers.h"
#include "engine/media/encoder_input.h"
#include "engine/media/encoder_weights.h"
#include "engine/media/hearing_encoder.h"
#include "engine/media/log_mel.h"
#include "engine/media/opened_projector.h"
#include "engine/media/vision_encoder.h"
#include "engine/model/config.h"
#include "engine/vulkan/vulkan.h"

namespace facet::engine {
namespace {

std::string name_of(const GgufFile& file) {
  return "'" + file.path().filename().string() + "'";
}

Result<std::unique_ptr<EncoderBackend>> open_device(const EngineOptions& options, std::uint64_t weight_bytes) {
  if (const auto wanted = vulkan_device_in(options.backend)) {
    FACET_ASSIGN_OR_RETURN(auto device, open_vulkan(*wanted));
    return std::unique_ptr<EncoderBackend>(std::move(device));
  }
  FACET_ASSIGN_OR_RETURN(auto device, open_cpu(options, choose_products(options.precision, weight_bytes)));
  return std::unique_ptr<EncoderBackend>(std::move(device));
}

}  // namespace

struct Encoders::State {
  std::unique_ptr<GgufFile> file;
  Projector projector;
  std::unique_ptr<EncoderBackend> backend;
  EncoderWeights weights;
  EncoderBuffers buffers;
  std::unique_ptr<VisionEncoder> vision;
  std::unique_ptr<HearingEncoder> hearing;

  Status load(const EngineOptions& options, const Wrap& wrap);
  // The rows of an encoder that has begun.
  template <typename Encoder>
  Result<std::vector<float>> run(Encoder& encoder);
};

Status Encoders::State::load(const EngineOptions& options, const Wrap& wrap) {
  const ProjectorConfig& config = projector.config;
  FACET_ASSIGN_OR_RETURN(backend, open_device(options, projector.bytes));
  if (wrap) backend = wrap(std::move(backend));
  LargestOperands largest;
  add_encoder_operands(config, largest);
  FACET_RETURN_IF_ERROR(backend->reserve(largest));
  for (const EncoderTensor& entry : encoder_tensors(projector, weights)) {
    FACET_ASSIGN_OR_RETURN(*entry.slot, backend->load_weight(entry.tensor, entry.use));
  }
  FACET_ASSIGN_OR_RETURN(buffers, create_encoder_buffers(plan_encoder_buffers(config), *backend));
  if (config.vision) vision = std::make_unique<VisionEncoder>(*backend, *config.vision, *weights.vision, buffers);
  if (config.hearing) hearing = std::make_unique<HearingEncoder>(*backend, *config.hearing, *weights.hearing, buffers);
  return {};
}

template <typename Encoder>
Result<std::vector<float>> Encoders::State::run(Encoder& encoder) {
  while (true) {
    FACET_ASSIGN_OR_RETURN(const bool done, encoder.step());
    if (done) break;
  }
  std::vector<float> rows = encoder.take_rows();
  if (!file->is_intact()) return file->lost();
  if (are_numbers(rows)) return rows;
  return Error{Error::Code::CorruptFile,
               name_of(*file) + " gave results that are not numbers, so its weights are damaged; get the file again."};
}

Encoders::Encoders() : state_(std::make_unique<State>()) {}
Encoders::~Encoders() = default;

Result<std::unique_ptr<Encoders>> Encoders::open(std::unique_ptr<GgufFile> file, const EngineOptions& options,
                                                 const Wrap& wrap) {
  if (!is_projector(*file) && !has_projector_inside(*file))
    return Error{Error::Code::InvalidInput,
                 name_of(*file) + " is no projector; choose a file that has 'mmproj' in its name."};
  std::unique_ptr<Encoders> encoders(new Encoders);
  State& state = *encoders->state_;
  state.file = std::move(file);
  FACET_ASSIGN_OR_RETURN(state.projector, read_projector(*state.file));
  FACET_RETURN_IF_ERROR(state.load(options, wrap));
  return encoders;
}

bool Encoders::sees() const {
  return state_->vision != nullptr;
}
bool Encoders::hears() const {
  return state_->hearing != nullptr;
}
std::uint32_t Encoders::text_width() const {
  return state_->projector.config.text_width();
}
const std::string& Encoders::device() const {
  return state_->backend->description();
}

Result<std::vector<float>> Encoders::encode(const RgbImage& image, std::uint32_t budget) {
  if (!sees()) return Error{Error::Code::Unsupported, name_of(*state_->file) + " is a projector for sound alone."};
  FACET_ASSIGN_OR_RETURN(Patches patches, patches_of(image, budget, *state_->projector.config.vision));
  FACET_RETURN_IF_ERROR(state_->vision->begin(std::move(patches)));
  return state_->run(*state_->vision);
}

Result<std::vector<float>> Encoders::encode(const PcmAudio& audio) {
  if (!hears()) return Error{Error::Code::Unsupported, name_of(*state_->file) + " is a projector for pictures alone."};
  const HearingConfig& config = *state_->projector.config.hearing;
  FACET_RETURN_IF_ERROR(check_sound(audio, config));
  if (config.has_encoder())
    state_->hearing->begin(log_mel(audio.samples));
  else
    state_->hearing->begin(std::span(audio.samples));
  return state_->run(*state_->hearing);
}

Result<std::unique_ptr<GgufFile>> projector_file_of(std::unique_ptr<GgufFile> model) {
  if (is_projector(*model) || has_projector_inside(*model)) return model;
  FACET_ASSIGN_OR_RETURN(const ModelConfig config, read_config(*model));
  const auto beside = projectors_beside(model->path(), config.embedding_length);
  if (!beside.empty()) return GgufFile::open(beside.front());
  return Error{Error::Code::NotFound, name_of(*model) +
                                          " has no projector ('mmproj' file) in it or beside it that fits; name one "
                                          "with --mmproj."};
}

}  // namespace facet::engine
