#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>

#include "engine/base/check.h"
#include "engine/engine_state.h"

namespace facet::engine {
namespace {

// Whether all are numbers. Without an early end, so that the loop is done many values at a time.
bool are_numbers(std::span<const float> values) {
  constexpr std::uint32_t kInfinity = 0x7f800000U;
  std::uint32_t odd = 0;
  for (const float value : values)
    odd |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(value) & 0x7fffffffU) >= kInfinity);
  return odd == 0;
}

}  // namespace

struct Sequence::State {
  // The forward pass and the turn belong to the engine but are not constant.
  Engine::State& engine;
  Priority priority;
  std::unique_ptr<KvCache> cache = nullptr;  // created with the first token
  std::vector<Token> tokens = {};            // exactly those that the cache holds
  // Logits of the last rows of `tokens`, oldest first.
  std::vector<float> logits = {};
  std::size_t logit_rows = 0;

  std::uint64_t generation = 0;  // of the engine, when the cache was created
  int losses = 0;                // of the device, during one call

  ~State() {
    const Turn turn(engine.turn, priority);
    release_cache();
  }

  std::uint32_t vocabulary() const { return engine.config.vocabulary_size; }

  Status check(std::span<const Token> list) const;
  // How many of the tokens need not be evaluated, given that logits of the last `rows` are wanted.
  std::size_t reusable(std::span<const Token> list, std::size_t rows) const;
  void rewind(std::size_t length);
  void forget();
  Status reserve_logits(std::size_t rows);
  void keep_last_logits(std::size_t rows);

  // Evaluates the rest of the list; from its beginning, when the device is lost or was.
  Status extend(std::span<const Token> list, std::size_t rows, const SyncOptions& options, const std::stop_token& stop,
                SyncResult& result);

  // These need the turn. What was cached may be gone after them.
  enum class Outcome { Done, NothingCached };
  Result<Outcome> evaluate(std::span<const Token> batch, std::size_t wanted_rows, const std::stop_token& stop);
  Result<Outcome> create_cache();
  Result<Outcome> recover(const Error& failure);
  Status compute(std::span<const Token> batch, std::uint32_t rows, const std::stop_token& stop);
  void release_cache();
};

Status Sequence::State::check(std::span<const Token> list) const {
  if (!engine.file->is_intact()) return engine.file->lost();
  if (list.empty()) return Error{Error::Code::InvalidInput, "There are no tokens to evaluate."};
  const std::uint32_t context = engine.kv_layout.context;
  if (list.size() > context)
    return Error{Error::Code::InvalidInput, "The conversation has " + std::to_string(list.size()) +
                                                " tokens, more than the context of " + std::to_string(context) + "."};
  for (const Token token : list)
    if (token < 0 || static_cast<std::uint32_t>(token) >= vocabulary())
      return Error{Error::Code::InvalidInput, "The token " + std::to_string(token) + " is not in the vocabulary of " +
                                                  std::to_string(vocabulary()) + " entries."};
  return {};
}

std::size_t Sequence::State::reusable(std::span<const Token> list, std::size_t rows) const {
  const auto differing = std::mismatch(tokens.begin(), tokens.end(), list.begin(), list.end()).first;
  const auto common = static_cast<std::size_t>(differing - tokens.begin());
  // Nothing to do at all, and the logits are still there.
  if (common == list.size() && common == tokens.size() && rows <= logit_rows) return common;
  const std::size_t before_wanted = list.size() - std::min(list.size(), rows);
  if (cache == nullptr) return 0;
  return cache->exact_length(static_cast<std::uint32_t>(std::min(common, before_wanted)));
}

void Sequence::State::rewind(std::size_t length) {
  if (length == tokens.size()) return;
  cache->truncate(static_cast<std::uint32_t>(length));
  tokens.resize(length);
}

void Sequence::State::forget() {
  rewind(0);
  logits.clear();
  logit_rows = 0;
}

// All at once and in front: they may be more than the machine has.
Status Sequence::State::reserve_logits(std::size_t rows) {
  const std::size_t values = rows * vocabulary();
  try {
    logits.reserve(values);
  } catch (const std::exception&) {  // the library's way to say so
    return Error{Error::Code::OutOfMemory, "There is not enough memory for the logits of " + std::to_string(rows) +
                                               " tokens (" + std::to_string(values * sizeof(float) >> 20U) + " MiB)."};
  }
  return {};
}

void Sequence::State::keep_last_logits(std::size_t rows) {
  const std::size_t dropped = (logit_rows - rows) * vocabulary();
  logits.erase(logits.begin(), logits.begin() + static_cast<std::ptrdiff_t>(dropped));
  logit_rows = rows;
}

Result<Sequence::State::Outcome> Sequence::State::create_cache() {
  auto created = KvCache::create(engine.loaded->backend(), engine.kv_layout);
  if (created.ok()) {
    cache = std::move(*created);
    generation = engine.generation;
    ++engine.caches;
    return Outcome::Done;
  }
  // A device that works has no room: the caller's other conversations may make some.
  if (created.error().code != Error::Code::OutOfMemory) return recover(created.error());
  FACET_RETURN_IF_ERROR(engine.make_room(created.error()));
  return Outcome::NothingCached;
}

void Sequence::State::release_cache() {
  if (cache == nullptr) return;
  if (generation == engine.generation) {
    --engine.caches;
  } else {
    cache->abandon();
  }
  cache.reset();
  tokens.clear();
  logits.clear();
  logit_rows = 0;
}

Result<Sequence::State::Outcome> Sequence::State::recover(const Error& failure) {
  FACET_RETURN_IF_ERROR(engine.recover(failure, ++losses));
  release_cache();
  return Outcome::NothingCached;
}

Status Sequence::State::compute(std::span<const Token> batch, std::uint32_t rows, const std::stop_token& stop) {
  const auto start = std::chrono::steady_clock::now();
  FACET_RETURN_IF_ERROR(engine.loaded->forward().evaluate({batch, rows}, *cache, stop));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  engine.reading_speed.add(static_cast<std::uint32_t>(batch.size()), taken.count());
  tokens.insert(tokens.end(), batch.begin(), batch.end());
  logits.resize((logit_rows + rows) * vocabulary());
  return engine.loaded->forward().read_logits(std::span(logits).subspan(logit_rows * vocabulary()));
}

Result<Sequence::State::Outcome> Sequence::State::evaluate(std::span<const Token> batch, std::size_t wanted_rows,
                                                           const std::stop_token& stop) {
  const Turn turn(engine.turn, priority);
  if (engine.loaded == nullptr) FACET_RETURN_IF_ERROR(engine.load());
  if (cache != nullptr && generation != engine.generation) {
    release_cache();
    return Outcome::NothingCached;
  }
  if (cache == nullptr) {
    FACET_ASSIGN_OR_RETURN(const Outcome created, create_cache());
    if (created != Outcome::Done) return created;
  }
  const auto rows = static_cast<std::uint32_t>(std::min(wanted_rows, batch.size()));
  if (const Status done = compute(batch, rows, stop); !done.ok())
    return done.error().code == Error::Code::Stopped ? Result<Outcome>(done.error()) : recover(done.error());
  if (!engine.file->is_intact()) {
    // Nobody knows how much of it was computed with zeros.
    forget();
    return engine.file->lost();
  }
  // Weights are too many to be looked at before they are used; what is wrong with one shows here. On a graphics device
  // it may be the device that is wrong.
  if (!are_numbers(std::span(logits).subspan(logit_rows * vocabulary()))) {
    const Error damaged{Error::Code::CorruptFile,
                        "'" + engine.file->path().filename().string() +
                            "' gave results that are not numbers, so its weights are damaged; get the file again."};
    return engine.computes_on_cpu() ? Result<Outcome>(damaged)
                                    : recover({Error::Code::Internal, "its results are not numbers."});
  }
  logit_rows += rows;
  return Outcome::Done;
}

Status Sequence::State::extend(std::span<const Token> list, std::size_t rows, const SyncOptions& options,
                               const std::stop_token& stop, SyncResult& result) {
  const std::uint32_t largest = engine.kv_layout.largest_batch();
  const std::uint32_t least = least_chunk(engine.config);
  const std::size_t first_wanted = list.size() - rows;
  losses = 0;
  while (tokens.size() < list.size()) {
    if (stop.stop_requested()) return Error{Error::Code::Stopped, "The evaluation was stopped."};
    const std::size_t chunk = options.chunk == 0 ? choose_chunk(engine.reading_speed, least, largest)
                                                 : std::min<std::size_t>(options.chunk, largest);
    const std::size_t begin = tokens.size();
    const std::size_t end = std::min(begin + chunk, list.size());
    const std::size_t wanted = end - std::min(end, std::max(begin, first_wanted));
    FACET_ASSIGN_OR_RETURN(const Outcome outcome, evaluate(list.subspan(begin, end - begin), wanted, stop));
    if (outcome == Outcome::NothingCached) {
      result = {};
      continue;
    }
    result.evaluated += end - begin;
    if (options.progress) options.progress(result.evaluated, list.size() - result.reused);
  }
  return {};
}

Sequence::Sequence(const Engine::State& engine, Priority priority)
    : state_(new State{.engine = const_cast<Engine::State&>(engine), .priority = priority}) {}
Sequence::~Sequence() = default;

Result<Sequence::SyncResult> Sequence::sync(std::span<const Token> list, const SyncOptions& options,
                                            const std::stop_token& stop) {
  State& state = *state_;
  FACET_RETURN_IF_ERROR(state.check(list));
  const std::size_t rows = std::clamp<std::size_t>(options.logit_rows, 1, list.size());
  SyncResult result;
  result.reused = state.reusable(list, rows);
  if (result.reused == list.size()) {
    state.keep_last_logits(rows);
    return result;
  }
  FACET_RETURN_IF_ERROR(state.reserve_logits(rows));
  state.rewind(result.reused);
  state.keep_last_logits(0);
  FACET_RETURN_IF_ERROR(state.extend(list, rows, options, stop, result));
  return result;
}

std::size_t Sequence::cached(std::span<const Token> list) const {
  return state_->cache == nullptr ? 0 : state_->reusable(list, 1);
}

Status Sequence::append(Token token) {
  State& state = *state_;
  FACET_RETURN_IF_ERROR(state.check({&token, 1}));
  const std::uint32_t context = state.engine.kv_layout.context;
  if (state.tokens.size() >= context)
    return Error{Error::Code::InvalidInput,
                 "The conversation has filled the context of " + std::to_string(context) + " tokens."};
  state.keep_last_logits(0);
  std::vector<Token> list = state.tokens;
  list.push_back(token);
  SyncResult result;
  return state.extend(list, 1, {}, {}, result);
}

std::size_t Sequence::logit_rows() const {
  return state_->logit_rows;
}

std::span<const float> Sequence::logits(std::size_t row) const {
  FACET_CHECK(row < state_->logit_rows, "row %zu of %zu", row, state_->logit_rows);
  return std::span(state_->logits).subspan(row * state_->vocabulary(), state_->vocabulary());
}

std::span<const Token> Sequence::tokens() const {
  return state_->tokens;
}

}  // namespace facet::engine
