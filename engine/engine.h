#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/turn_lock.h"
#include "engine/media.h"
#include "engine/media_embedding.h"
#include "engine/text/sampler.h"
#include "engine/text/tokenizer.h"

// The engine's public face. It knows tokens; it knows no chat, no tool and no file dialog, and this header shows no
// tensor. `Engine` is a loaded model; `Sequence` is one timeline of tokens with its key/value cache. Callers hand over
// the whole token list each time and `sync` finds what is already cached, so editing, branching and retrying need no
// further calls.
namespace facet::engine {

// How matrices in integer formats are multiplied. Full: decoded to float32. Fast: as integers, with activations rounded
// to 8 bits, as other engines do; several times faster, and logits differ by what the rounding does. Automatic: fast
// for models that are large enough for it to matter (from 256 MiB of weights on), full for smaller ones.
enum class Precision { Automatic, Full, Fast };

// In what a sequence keeps its keys and values. Automatic: F16 where the precision is fast, otherwise F32. Q8_0 needs a
// little more than half of F16; a model whose heads are no multiple of 32 wide takes F16 instead.
enum class CacheFormat { Automatic, F32, F16, Q8_0 };

class Backend;
struct DeviceTrial;
struct DeviceVerdict;

// How time passes. Tests have their own.
struct EngineClock {
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  std::function<void(std::chrono::milliseconds)> pause = [](std::chrono::milliseconds length) {
    std::this_thread::sleep_for(length);
  };
};

struct EngineOptions {
  // What computes: "cpu"; "vulkan", or "vulkan:" and the index or the kind of a device ("discrete", "integrated",
  // "software"); "auto" or empty: the engine's own choice.
  std::string backend = {};
  // With Vulkan: how many of the last layers the graphics device computes, all when there are fewer; nothing: as many
  // as fit into its memory. The CPU computes the others.
  std::optional<std::uint32_t> gpu_layers = {};
  std::uint64_t gpu_memory_bytes = 0;  // that the graphics device may take; 0: what it has unused
  // Of that, memory for experts that are asked for often, of a model whose experts are too many for the device. It goes
  // before whole layers' experts and behind everything else. Nothing: what is left over behind all of them.
  std::optional<std::uint64_t> gpu_expert_bytes = {};
  int threads = 0;                   // 0: one per core
  std::uint32_t context_length = 0;  // tokens of one sequence; 0: the smaller of the model's own and 8192
  // Tokens that a sequence can take back without evaluating it anew; more need more memory. 0: the engine's own choice.
  std::uint32_t rewind_length = 0;
  Precision precision = Precision::Automatic;
  CacheFormat cache_format = CacheFormat::Automatic;
  // What makes the model see and hear: the path of a projector; or "auto" for what the model's own file holds, else the
  // one beside it; empty for neither, so that the model takes text alone.
  std::filesystem::path projector = {};
  // Bytes of encoded pictures and sounds that are kept to be used again.
  std::uint64_t media_cache_bytes = 128ULL << 20U;
  // The same for other times and other programs, in files; an empty folder: nowhere. What is in the folder by other
  // names than ours stays as it is.
  std::filesystem::path media_folder = {};
  std::uint64_t media_folder_bytes = 1ULL << 30U;
  // The instruction set of the CPU kernels ("AVX2", "portable"); empty: the best that this machine has.
  std::string kernels = {};
  // Puts another backend in front of the one that computes, for measuring (engine/bench).
  std::function<std::unique_ptr<Backend>(std::unique_ptr<Backend>)> wrap_backend = {};
  // Told, in a sentence for the user, when the model goes on with another device than before. Called by the thread that
  // opens the engine or evaluates tokens.
  std::function<void(const std::string& sentence)> notice = {};
  EngineClock clock = {};
  // Says whether a graphics device may be trusted with a model, and what it can do; asked before it is opened. Without
  // it "auto" is the CPU, and a device that is asked for is taken at its word. With it "auto" is the fastest, the CPU
  // included.
  std::function<DeviceVerdict(const DeviceTrial&)> try_device = {};
};

// Whether `EngineOptions::backend` may have this value on some machine.
bool is_backend(const std::string& name);

// The instruction sets that this machine has, as `EngineOptions::kernels` names them; the best first.
std::vector<std::string> instruction_sets();

// Which of the two published chat templates the model was trained on (see agent/prompt).
enum class TemplateVariant { Small, Large };

// A drafter guesses the next tokens of a model, which checks several at once and so answers faster; it gives no answers
// by itself. A projector turns pictures or sound into what a model reads, and gives none either.
enum class ModelRole { Model, Drafter, Projector };

struct ModelDescription {
  std::filesystem::path path;
  ModelRole role = ModelRole::Model;
  std::string name;          // general.name, or the file's name
  std::string architecture;  // "gemma4"
  // "E2B", "E4B", "12B", "26B-A4B", "31B", or empty for another shape; of a drafter or a projector, that of the model
  // it works for
  std::string size_label;
  std::string formats;  // "Q4_0 215, Q6_K 2, F32 283"
  std::uint64_t file_bytes = 0;
  std::uint64_t parameters = 0;
  std::uint32_t layers = 0;
  std::uint32_t embedding_length = 0;
  std::uint32_t vocabulary_size = 0;
  std::uint32_t trained_context_length = 0;
  std::uint32_t target_embedding_length = 0;  // of the model that a drafter or a projector works for
  // Whether this very file can make something of pictures, of sound; of an opened model, whether that can, with
  // whatever projector it was opened.
  bool sees = false;
  bool hears = false;
  std::string media_remark;         // why it can not, where there is a projector that can not be used
  std::filesystem::path projector;  // of an opened model, where that is a file of its own
  TemplateVariant template_variant = TemplateVariant::Small;
};

// What of a model lies on a device, and the memory it takes there. The numbers are those of the allocation itself.
struct DeviceMemory {
  std::string device;  // "CPU, 2 threads, AVX2"
  bool is_gpu = false;
  std::uint32_t layers = 0;
  std::uint32_t first_layer = 0;    // of these, which lie side by side
  std::uint32_t expert_layers = 0;  // layers whose experts it has, of a model with experts
  std::uint64_t held_experts = 0;   // of other layers: those of all experts that are asked for most
  bool has_head = false;            // the output matrix
  bool has_encoders = false;        // of pictures and sound
  std::uint64_t weight_bytes = 0;   // that the device holds itself
  std::uint64_t mapped_bytes = 0;   // matrices that it reads from the mapped file
  std::uint64_t cache_bytes = 0;    // keys and values of one sequence, when it is full
  std::uint64_t activation_bytes = 0;
  std::uint64_t working_bytes = 0;     // what the operations work in, and the ends of blocks that nobody uses
  std::uint64_t total_bytes = 0;       // of all but what is mapped
  std::uint64_t budget_bytes = 0;      // that may be taken; 0: nobody knows
  bool has_too_large_buffers = false;  // a cache that the device does not take in one piece
};

struct MemoryPlan {
  std::uint64_t weight_bytes = 0;      // of the file, and of the projector's
  std::uint64_t table_bytes = 0;       // of these, those of which a token reads a row: they stay in the file
  std::uint64_t cache_bytes = 0;       // keys and values of one sequence, when it is full
  std::uint64_t activation_bytes = 0;  // intermediate results, shared by all sequences
  // How many sequences the graphics device has room for. The machine's own memory is only taken as a cache fills.
  std::uint64_t sequences = UINT64_MAX;
  std::vector<DeviceMemory> devices;  // those that compute, the graphics device first
};

class Sequence;

// A loaded model. Outlives its sequences. They may live on different threads: they take turns, a chunk of tokens at a
// time. A graphics device that is lost is opened again and everything that lay on it is made again: a sequence then
// evaluates its tokens once more, and its caller notices nothing but the time. A device that fails for good is replaced
// by the next one, at last by the CPU, and `EngineOptions::notice` is told.
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(const std::filesystem::path& model, const EngineOptions& options);
  // The same for a model that was opened already.
  static Result<std::unique_ptr<Engine>> open(std::unique_ptr<GgufFile> model, const EngineOptions& options);
  ~Engine();

  const ModelDescription& description() const;
  // Of what computes at the moment. Any thread may ask.
  MemoryPlan memory() const;
  const Tokenizer& tokenizer() const;
  // The publisher's sampling defaults, from the file where it has them.
  const Sampling& default_sampling() const;
  std::uint32_t context_length() const;
  // What computes at the moment: "CPU, 2 threads, AVX2". Any thread may ask.
  std::string device() const;

  // How long a prompt of so many tokens that are not cached takes to evaluate, going by what this engine has evaluated
  // so far; nothing when it has not. Any thread may ask.
  std::optional<double> seconds_to_read(std::size_t tokens) const;

  // What the model reads of a picture, scaled to about as many soft tokens as the budget says, between 1 and 1120; of a
  // sound of at most 30 seconds. What was encoded before is found again, as long as there is room for it. Encoding
  // takes turns with sequences. Any thread may call; encodings come one after the other. Errors: a model that does not
  // see or hear, a picture or a sound that can not be used, a requested stop.
  Result<std::shared_ptr<const MediaEmbedding>> encode(const RgbImage& image, std::uint32_t budget,
                                                       Priority priority = Priority::Chat,
                                                       const std::stop_token& stop = {}) const;
  Result<std::shared_ptr<const MediaEmbedding>> encode(const PcmAudio& audio, Priority priority = Priority::Chat,
                                                       const std::stop_token& stop = {}) const;

  // How often an encoder has worked: what was found again does not count. Any thread may ask.
  std::uint64_t encodings() const;

  // A background sequence takes its turns when no chat waits for one.
  std::unique_ptr<Sequence> create_sequence(Priority priority = Priority::Chat) const;

 private:
  Engine();
  struct State;
  std::unique_ptr<State> state_;
  friend class Sequence;
};

// Where a model would lie and what it would take, without loading it.
struct FitReport {
  ModelDescription model;
  MemoryPlan memory;
  std::uint64_t experts = 0;  // of all layers; 0: the model has none
  std::uint32_t context = 0;
  CacheFormat cache_format = CacheFormat::F32;
  // The longest context with which it still fits the same devices; 0: none.
  std::uint32_t largest_context = 0;
  bool fits = true;
  std::string remark;  // why it does not fit, or what is bad about how it does; may be empty
};
Result<FitReport> fit_model(const GgufFile& model, const EngineOptions& options);

// Reads a model file's metadata and checks its tensors without loading it.
Result<ModelDescription> describe_model(const std::filesystem::path& model);
Result<ModelDescription> describe_model(const GgufFile& model);

struct SyncOptions {
  std::size_t chunk = 0;       // tokens evaluated at once; 0: the engine's own choice
  std::size_t logit_rows = 1;  // for how many of the last tokens logits are kept
  // Instead of all logits of the last token, how many of the largest are kept; 0: all. The others then stay where they
  // were computed.
  std::size_t candidates = 0;
  // Called between chunks with tokens done and tokens to do.
  std::function<void(std::size_t done, std::size_t total)> progress = {};
};

// The tokens of one conversation with their keys and values. Owned by one thread at a time.
class Sequence {
 public:
  ~Sequence();

  struct SyncResult {
    std::size_t reused = 0;     // tokens that were already cached
    std::size_t evaluated = 0;  // tokens that were not
  };

  // Makes the sequence hold exactly `tokens`: keeps the longest cached prefix, evaluates the rest in chunks, and leaves
  // the logits of the last `logit_rows` tokens. Sliding layers keep only a ring, so a prefix that ends further back
  // than the ring's slack is evaluated anew; the result never differs from that of a fresh sequence. Errors: a list
  // longer than the context, an id outside the vocabulary, an empty list, a requested stop (what was evaluated until
  // then stays cached).
  Result<SyncResult> sync(std::span<const Token> tokens, const SyncOptions& options = {},
                          const std::stop_token& stop = {});
  // The same with pictures and sounds in between: a slice counts as many tokens as it has rows. What is cached of one
  // is found by its hash. A picture whose tokens see each other is evaluated as a whole. Errors besides: rows of
  // another width than the model's, a part that is not there, a picture larger than what fits at once.
  Result<SyncResult> sync(std::span<const SequenceItem> items, const SyncOptions& options = {},
                          const std::stop_token& stop = {});

  // How many of the first tokens of a list `sync` would find cached.
  std::size_t cached(std::span<const Token> tokens) const;
  std::size_t cached(std::span<const SequenceItem> items) const;

  // Appends one token and evaluates it; `candidates` as for `sync`.
  Status append(Token token, std::size_t candidates = 0);

  // The largest logits after the last token, as many as the last `sync` or `append` was asked for or all that there
  // are, in the order of `select_top`.
  std::span<const Candidate> candidates() const;

  // Logits after the tokens, softcap applied, nothing suppressed. Row 0 is the oldest kept; one row after `append`.
  // None where candidates were asked for.
  std::size_t logit_rows() const;
  std::span<const float> logits(std::size_t row) const;
  std::span<const float> last_logits() const { return logits(logit_rows() - 1); }

  // In the place of a soft token an id below zero, of no meaning elsewhere.
  std::span<const Token> tokens() const;

 private:
  Sequence(const Engine::State& engine, Priority priority);
  struct State;
  std::unique_ptr<State> state_;
  friend class Engine;
};

}  // namespace facet::engine
