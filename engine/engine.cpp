#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "engine/cpu/cpu_backend.h"
#include "engine/engine_state.h"
#include "engine/model/describe.h"
#include "engine/model/drafter.h"
#include "engine/vulkan/vulkan.h"

namespace facet::engine {
namespace {

constexpr std::uint32_t kDefaultContext = 8192;

Result<std::uint32_t> choose_context(std::uint32_t wanted, const ModelConfig& config) {
  if (wanted == 0) return std::min(config.trained_context_length, kDefaultContext);
  if (wanted > config.trained_context_length)
    return Error{Error::Code::InvalidInput, "A context of " + std::to_string(wanted) +
                                                " tokens is more than this model was trained for (" +
                                                std::to_string(config.trained_context_length) + ")."};
  return wanted;
}

Products choose_products(Precision precision, std::uint64_t weight_bytes) {
  constexpr std::uint64_t kLarge = 256U << 20U;
  const bool fast = precision == Precision::Fast || (precision == Precision::Automatic && weight_bytes >= kLarge);
  return fast ? Products::Int8 : Products::Float32;
}

Format choose_cache_format(CacheFormat wanted, Products products) {
  switch (wanted) {
    case CacheFormat::F32:
      return Format::F32;
    case CacheFormat::F16:
      return Format::F16;
    case CacheFormat::Q8_0:
      return Format::Q8_0;
    case CacheFormat::Automatic:
      break;
  }
  return products == Products::Int8 ? Format::F16 : Format::F32;
}

Status check_vocabulary(const GgufFile& file, const ModelConfig& config, const Tokenizer& tokenizer) {
  if (static_cast<std::uint32_t>(tokenizer.vocabulary_size()) == config.vocabulary_size) return {};
  return Error{Error::Code::CorruptFile, "'" + file.path().filename().string() + "' can not be used: it lists " +
                                             std::to_string(tokenizer.vocabulary_size()) + " tokens and has " +
                                             std::to_string(config.vocabulary_size) + " embeddings."};
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
  FACET_ASSIGN_OR_RETURN(const std::uint32_t context, choose_context(options.context_length, state.config));

  state.description = describe(*state.file, state.config, weights);
  state.default_sampling = read_default_sampling(*state.file);
  state.options = options;
  state.products = choose_products(options.precision, weights.bytes);
  state.kv_layout = KvLayout::plan(state.config, context, options.rewind_length,
                                   choose_cache_format(options.cache_format, state.products));
  const std::uint32_t batch = state.kv_layout.largest_batch();
  state.working_memory = {plan_activations(state.config, batch), plan_operands(state.config, batch, context)};

  FACET_ASSIGN_OR_RETURN(std::vector<Rung> rungs,
                         find_rungs(options.backend, /*automatic=*/options.try_device != nullptr));
  state.ladder = DeviceLadder(std::move(rungs), options.clock.now);
  FACET_RETURN_IF_ERROR(state.load());
  state.memory = {weights.bytes, state.kv_layout.bytes(), state.working_memory.bytes(state.loaded->backend())};
  if (!state.file->is_intact()) return state.file->lost();
  return engine;
}

const ModelDescription& Engine::description() const {
  return state_->description;
}
const MemoryPlan& Engine::memory() const {
  return state_->memory;
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
  FACET_ASSIGN_OR_RETURN(const ModelConfig config, read_config(file));
  FACET_ASSIGN_OR_RETURN(const WeightCount weights, check_weights(file, config));
  return describe(file, config, weights);
}

}  // namespace facet::engine
