#include "engine/bench/bench.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <span>
#include <thread>

#include "engine/bench/read_probe.h"
#include "engine/gguf/gguf_file.h"
#include "engine/model/config.h"
#include "engine/model/kv_cache.h"

namespace facet::engine {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::uint32_t tokens_needed(const BenchOrder& order) {
  return std::max(order.prompt_tokens, order.depth + order.new_tokens);
}

// Ordinary words only: a marker or a reserved entry would not be met in the middle of a text.
Result<std::vector<Token>> random_tokens(const Tokenizer& tokenizer, std::uint32_t count, std::uint64_t seed) {
  std::vector<Token> words;
  for (Token token = 0; token < tokenizer.vocabulary_size(); ++token)
    if (tokenizer.kind(token) == Tokenizer::Kind::Text) words.push_back(token);
  if (words.size() < 2) return Error{Error::Code::CorruptFile, "The model's vocabulary has no words."};
  // The generator's sequence is fixed by the standard; the library's distributions are not.
  std::mt19937_64 random(seed);
  std::vector<Token> tokens(count);
  for (Token& token : tokens)
    token = words[random() % words.size()];
  return tokens;
}

Result<std::vector<Token>> choose_tokens(const BenchOrder& order, const Tokenizer& tokenizer) {
  const std::uint32_t needed = tokens_needed(order);
  if (order.tokens.empty()) return random_tokens(tokenizer, needed, order.seed);
  if (order.tokens.size() >= needed) return order.tokens;
  return Error{Error::Code::InvalidInput, "There are " + std::to_string(order.tokens.size()) +
                                              " token ids and the measurement needs " + std::to_string(needed) + "."};
}

// Finds the backend inside the engine by being the one that wraps it.
class Timing {
 public:
  EngineOptions options(const BenchOrder& order) {
    EngineOptions options = order.engine;
    // One more for the token that drives out the others.
    options.context_length = std::max(tokens_needed(order), 16U) + 1;
    options.wrap_backend = [this, with_operations = order.operations](std::unique_ptr<Backend> inner) {
      backend_ = inner.get();
      if (!with_operations) return inner;
      auto timed = std::make_unique<TimedBackend>(std::move(inner));
      timed_ = timed.get();
      return std::unique_ptr<Backend>(std::move(timed));
    };
    return options;
  }

  // Operations count only while the clock runs.
  void set_clock(TimedBackend::Clock clock) {
    const DeviceWork work = backend_->work();
    if (clock == TimedBackend::Clock::Stopped) {
      done_.kernels += work.kernels - before_.kernels;
      done_.experts += work.experts - before_.experts;
      done_.held_experts += work.held_experts - before_.held_experts;
    }
    before_ = work;
    if (timed_ != nullptr) timed_->set_clock(clock);
  }
  const DeviceWork& done() const { return done_; }
  std::vector<OperationTime> take() { return timed_ == nullptr ? std::vector<OperationTime>() : timed_->take(); }
  Backend& backend() const { return *backend_; }

 private:
  // Owned by the engine.
  Backend* backend_ = nullptr;
  TimedBackend* timed_ = nullptr;
  // While the clock ran, but for the seconds; and when it was last switched.
  DeviceWork done_;
  DeviceWork before_;
};

// One sequence and the tokens that it is fed with again and again.
class Runs {
 public:
  Runs(const Engine& engine, std::vector<Token> tokens, Timing& timing)
      : sequence_(engine.create_sequence()),
        tokens_(std::move(tokens)),
        candidates_(Sampler(engine.default_sampling(), engine.tokenizer().suppressed()).candidates_needed()),
        timing_(timing) {}

  // Seconds for a prompt of the first `count` tokens.
  Result<double> prefill(std::uint32_t count) {
    FACET_RETURN_IF_ERROR(forget());
    return timed([&] { return sync(count); });
  }

  // Seconds for `count` tokens, one after the other, behind the first `depth`.
  Result<double> decode(std::uint32_t depth, std::uint32_t count) {
    FACET_RETURN_IF_ERROR(depth == 0 ? forget() : sync(depth));
    return timed([&]() -> Status {
      for (std::uint32_t i = depth; i < depth + count; ++i)
        FACET_RETURN_IF_ERROR(i == 0 ? sync(1) : sequence_->append(tokens_[i], candidates_));
      return {};
    });
  }

 private:
  template <typename Work>
  Result<double> timed(const Work& work) {
    timing_.set_clock(TimedBackend::Clock::Running);
    const auto start = Clock::now();
    const Status status = work();
    const double seconds = seconds_since(start);
    timing_.set_clock(TimedBackend::Clock::Stopped);
    if (!status.ok()) return status.error();
    return seconds;
  }

  Status sync(std::uint32_t count) {
    const auto synced = sequence_->sync(std::span(tokens_).first(count), {.candidates = candidates_});
    return synced.ok() ? Status() : Status(synced.error());
  }

  // Leaves another token in the cache than the first one, so that nothing of the list can be reused. The memory of the
  // cache stays in use, and is not paid for again.
  Status forget() {
    const Token other = tokens_[0] == 0 ? 1 : 0;
    const auto synced = sequence_->sync({&other, 1});
    return synced.ok() ? Status() : Status(synced.error());
  }

  std::unique_ptr<Sequence> sequence_;
  std::vector<Token> tokens_;
  // Of the logits, what an answer takes with the model's own sampling.
  std::size_t candidates_;
  Timing& timing_;
};

// `step` gives the seconds of one repetition for `tokens` tokens.
template <typename Step>
Status repeat(const BenchOrder& order, std::uint32_t tokens, std::vector<double>& tokens_per_s, const Step& step) {
  for (std::uint32_t i = 0; tokens > 0 && i < order.repetitions; ++i) {
    FACET_ASSIGN_OR_RETURN(const double seconds, step());
    tokens_per_s.push_back(tokens / seconds);
  }
  return {};
}

Status measure_speed(const BenchOrder& order, const Engine& engine, Timing& timing, BenchReport& report,
                     const std::function<void(std::string_view step)>& progress) {
  FACET_ASSIGN_OR_RETURN(std::vector<Token> tokens, choose_tokens(order, engine.tokenizer()));
  Runs runs(engine, std::move(tokens), timing);
  progress("Evaluating once without measuring");
  if (order.prompt_tokens > 0) FACET_RETURN_IF_ERROR(runs.prefill(order.prompt_tokens));
  if (order.new_tokens > 0) FACET_RETURN_IF_ERROR(runs.decode(order.depth, std::min(order.new_tokens, 2U)));
  timing.take();

  progress("Measuring prefill");
  FACET_RETURN_IF_ERROR(repeat(order, order.prompt_tokens, report.prefill_tokens_per_s,
                               [&] { return runs.prefill(order.prompt_tokens); }));
  report.prefill_operations = timing.take();
  progress("Measuring decode");
  const DeviceWork before = timing.done();
  FACET_RETURN_IF_ERROR(repeat(order, order.new_tokens, report.decode_tokens_per_s,
                               [&] { return runs.decode(order.depth, order.new_tokens); }));
  report.decode_operations = timing.take();
  const double layers = static_cast<double>(order.new_tokens) * order.repetitions * report.model.layers;
  const std::uint64_t kernels = timing.done().kernels - before.kernels;
  if (kernels > 0 && layers > 0) report.kernels_per_layer = static_cast<double>(kernels) / layers;
  const std::uint64_t experts = timing.done().experts - before.experts;
  if (experts > 0)
    report.held_experts =
        static_cast<double>(timing.done().held_experts - before.held_experts) / static_cast<double>(experts);
  return {};
}

// What the engine keeps of a sequence: it shows no buffers, but the size tells the format.
KvLayout layout_of(const ModelConfig& config, const EngineOptions& options, const Engine& engine) {
  KvLayout layout;
  for (const Format format : {Format::F32, Format::F16, Format::Q8_0}) {
    layout = KvLayout::plan(config, engine.context_length(), options.rewind_length, format);
    if (layout.bytes() == engine.memory().cache_bytes) break;
  }
  return layout;
}

Result<std::unique_ptr<GgufFile>> open_model(const BenchOrder& order) {
  return order.open_model ? order.open_model() : GgufFile::open(order.model);
}

// Of the new tokens. The file is opened again for it, since the engine shows no tensor.
Result<TokenBytes> bytes_of_middle_token(const BenchOrder& order, const EngineOptions& options, const Engine& engine) {
  FACET_ASSIGN_OR_RETURN(const std::unique_ptr<GgufFile> file, open_model(order));
  FACET_ASSIGN_OR_RETURN(const ModelConfig config, read_config(*file));
  return token_bytes(*file, layout_of(config, options, engine), order.depth + order.new_tokens / 2);
}

}  // namespace

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Result<BenchReport> run_bench(const BenchOrder& order, const std::function<void(std::string_view step)>& progress) {
  BenchReport report;
  Timing timing;
  const EngineOptions options = timing.options(order);
  progress("Loading");
  const auto start = Clock::now();
  FACET_ASSIGN_OR_RETURN(std::unique_ptr<GgufFile> file, open_model(order));
  FACET_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine, Engine::open(std::move(file), options));
  report.load_seconds = seconds_since(start);
  report.model = engine->description();
  report.device = engine->device();
  report.threads =
      options.threads > 0 ? options.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  FACET_RETURN_IF_ERROR(measure_speed(order, *engine, timing, report, progress));
  report.prefilled_tokens = std::uint64_t{order.prompt_tokens} * report.prefill_tokens_per_s.size();
  report.decoded_tokens = std::uint64_t{order.new_tokens} * report.decode_tokens_per_s.size();
  // In front of the probe, whose memory is not the engine's.
  report.memory = process_memory();

  progress("Measuring memory");
  FACET_ASSIGN_OR_RETURN(report.token_bytes, bytes_of_middle_token(order, options, *engine));
  FACET_ASSIGN_OR_RETURN(const std::optional<double> copies, timing.backend().copy_bandwidth());
  if (copies) {
    report.read_bandwidth = *copies;
  } else {
    FACET_ASSIGN_OR_RETURN(report.read_bandwidth, measure_read_bandwidth(report.threads));
  }
  return report;
}

}  // namespace facet::engine
