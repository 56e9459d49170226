#include "engine/engine.h"

#include <utility>

#include "engine/cpu/kernels.h"
#include "engine/engine_state.h"
#include "engine/media/projector.h"
#include "engine/model/describe.h"
#include "engine/model/drafter.h"
#include "engine/vulkan/vulkan.h"

namespace facet::engine {
namespace {

Status check_vocabulary(const GgufFile& file, const ModelConfig& config, const Tokenizer& tokenizer) {
  if (static_cast<std::uint32_t>(tokenizer.vocabulary_size()) == config.vocabulary_size) return {};
  return Error{Error::Code::CorruptFile, "'" + file.path().filename().string() + "' can not be used: it lists " +
                                             std::to_string(tokenizer.vocabulary_size()) + " tokens and has " +
                                             std::to_string(config.vocabulary_size) + " embeddings."};
}

// What the model can do as it was opened, whatever its file holds.
void describe_media(const OpenedProjector& opened, ModelDescription& description) {
  const Projector* const projector = opened.get();
  description.sees = projector != nullptr && projector->vision.has_value();
  description.hears = projector != nullptr && projector->hearing.has_value();
  description.media_remark = opened.remark;
  if (opened.own_file != nullptr) description.projector = opened.own_file->path();
}

}  // namespace

Engine::Engine() : state_(std::make_unique<State>()) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(const std::filesystem::path& model, const EngineOptions& options) {
  FACET_ASSIGN_OR_RETURN(std::unique_ptr<GgufFile> file, GgufFile::open(model));
  return open(std::move(file), options);
}

Result<std::unique_ptr<Engine>> Engine::open(std::unique_ptr<GgufFile> model, const EngineOptions& options) {
  std::unique_ptr<Engine> engine(new Engine);
  State& state = *engine->state_;
  state.file = std::move(model);
  FACET_ASSIGN_OR_RETURN(state.config, read_config(*state.file));
  FACET_ASSIGN_OR_RETURN(const WeightCount weights, check_weights(*state.file, state.config));
  FACET_ASSIGN_OR_RETURN(state.tokenizer, Tokenizer::from_gguf(*state.file));
  FACET_RETURN_IF_ERROR(check_vocabulary(*state.file, state.config, *state.tokenizer));
  state.description = describe(*state.file, state.config, weights);
  state.default_sampling = read_default_sampling(*state.file);
  state.options = options;
  FACET_ASSIGN_OR_RETURN(state.projector, open_projector(*state.file, state.config, options.projector));
  describe_media(state.projector, state.description);
  state.media = std::make_unique<MediaCache>(options.media_cache_bytes);
  if (!options.media_folder.empty())
    state.media_folder = std::make_unique<MediaFolder>(options.media_folder, options.media_folder_bytes);
  FACET_ASSIGN_OR_RETURN(state.needs, needs_of(*state.file, state.config, weights, state.projector.get(), options));
  state.kv_layout = state.needs.parts.caches;
  FACET_ASSIGN_OR_RETURN(std::vector<Rung> rungs, choose_rungs(*state.file, state.config, state.needs, options));
  state.ladder = DeviceLadder(std::move(rungs), options.clock.now);
  FACET_RETURN_IF_ERROR(state.load());
  if (!state.file->is_intact()) return state.file->lost();
  return engine;
}

const ModelDescription& Engine::description() const {
  return state_->description;
}
MemoryPlan Engine::memory() const {
  return state_->memory();
}
const Tokenizer& Engine::tokenizer() const {
  return *state_->tokenizer;
}
const Sampling& Engine::default_sampling() const {
  return state_->default_sampling;
}
std::uint32_t Engine::context_length() const {
  return state_->kv_layout.context;
}
std::string Engine::device() const {
  return state_->device_name();
}

std::optional<double> Engine::seconds_to_read(std::size_t tokens) const {
  return state_->reading_speed.seconds_for(tokens);
}

std::uint64_t Engine::encodings() const {
  return state_->encodings;
}

std::unique_ptr<Sequence> Engine::create_sequence(Priority priority) const {
  return std::unique_ptr<Sequence>(new Sequence(*state_, priority));
}

bool is_backend(const std::string& name) {
  return name.empty() || name == "auto" || name == "cpu" || vulkan_device_in(name).has_value();
}

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const Kernels* kernels : usable_kernels())
    names.emplace_back(kernels->name);
  return names;
}

Result<ModelDescription> describe_model(const std::filesystem::path& model) {
  FACET_ASSIGN_OR_RETURN(const std::unique_ptr<GgufFile> file, GgufFile::open(model));
  return describe_model(*file);
}

Result<ModelDescription> describe_model(const GgufFile& file) {
  if (is_drafter(file)) return describe_drafter(file);
  if (is_projector(file)) return describe_projector(file);
  FACET_ASSIGN_OR_RETURN(const ModelConfig config, read_config(file));
  FACET_ASSIGN_OR_RETURN(const WeightCount weights, check_weights(file, config));
  return describe(file, config, weights);
}

}  // namespace facet::engine
