#include "engine/engine.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "engine/cpu/cpu_backend.h"
#include "engine/engine_state.h"
#include "engine/model/describe.h"
#include "engine/model/drafter.h"
#include "engine/vulkan/vulkan.h"

namespace facet::engine {
namespace {

constexpr std::uint32_t kDefaultContext = 8192;

int thread_count(int wanted) {
  constexpr int kMost = 256;
  if (wanted > 0) return std::min(wanted, kMost);
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMost);
}

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

Result<const Kernels*> choose_kernels(const std::string& name) {
  const Kernels* kernels = name.empty() ? usable_kernels().front() : find_kernels(name);
  if (kernels != nullptr) return kernels;
  std::string names;
  for (const std::string& usable : instruction_sets())
    names += (names.empty() ? "" : ", ") + usable;
  return Error{Error::Code::InvalidInput, "This machine has no '" + name + "' instructions; it has " + names + "."};
}

// The CPU unless Vulkan is asked for: a driver is not trusted before its kernels have been tested on this machine.
Result<std::unique_ptr<Backend>> open_backend(const EngineOptions& options, Products products) {
  if (const auto device = vulkan_device_in(options.backend)) return open_vulkan(*device);
  FACET_ASSIGN_OR_RETURN(const Kernels* const kernels, choose_kernels(options.kernels));
  return std::unique_ptr<Backend>(std::make_unique<CpuBackend>(thread_count(options.threads), products, *kernels));
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
  const Products products = choose_products(options.precision, weights.bytes);
  state.kv_layout =
      KvLayout::plan(state.config, context, options.rewind_length, choose_cache_format(options.cache_format, products));
  const std::vector<ActivationShape> activations = plan_activations(state.config, state.kv_layout.largest_batch());
  const LargestOperands operands = plan_operands(state.config, state.kv_layout.largest_batch(), context);

  FACET_ASSIGN_OR_RETURN(state.backend, open_backend(options, products));
  if (options.wrap_backend) state.backend = options.wrap_backend(std::move(state.backend));
  state.memory = {weights.bytes, state.kv_layout.bytes(),
                  activation_bytes(activations) + state.backend->working_bytes(operands)};
  FACET_RETURN_IF_ERROR(state.backend->reserve(operands));
  FACET_ASSIGN_OR_RETURN(state.weights, load_weights(*state.file, state.config, *state.backend));
  FACET_ASSIGN_OR_RETURN(state.activations, create_activations(activations, *state.backend));
  state.forward = std::make_unique<ForwardPass>(*state.backend, state.config, state.weights, state.activations);
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
const std::string& Engine::device() const {
  return state_->backend->description();
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
