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
  SoftTokens soft = {};                      // those of them that are none of the vocabulary
  // Logits of the last rows of `tokens`, oldest first.
  std::vector<float> logits = {};
  std::size_t logit_rows = 0;
  std::vector<Candidate> candidates = {};

  std::uint64_t generation = 0;  // of the engine, when the cache was created
  int losses = 0;                // of the device, during one call

  ~State() {
    const Turn turn(engine.turn, priority);
    release_cache();
  }

  std::uint32_t vocabulary() const { return engine.config.vocabulary_size; }

  Status check(std::span<const Token> list) const;
  // Of words alone: an id below zero is none of a caller's.
  Status check_words(std::span<const Token> list) const;
  Result<SyncResult> sync(std::span<const Token> list, const SyncOptions& options, const std::stop_token& stop);
  // What is to be left: logits of so many rows, or so many candidates of one.
  struct Wanted {
    std::size_t rows = 1;
    std::size_t candidates = 0;

    // More than a backend chooses itself are chosen from all logits.
    bool reads_candidates() const { return candidates > 0 && candidates <= Backend::kMostCandidates; }
  };
  Wanted wanted(std::size_t rows, std::size_t count) const;
  bool has(const Wanted& wanted) const;
  // How many of the tokens need not be evaluated.
  std::size_t reusable(std::span<const Token> list, const Wanted& wanted) const;
  // Where the picture begins that a place in a list or in what is cached divides; the place itself when there is none,
  // or where pictures are read like text.
  std::size_t whole_pictures(std::span<const Token> list, std::size_t place) const;
  // A batch that begins at a place: a whole picture, or what lies in front of the next one.
  struct Piece {
    std::size_t end = 0;
    bool is_block = false;
  };
  Piece next_piece(std::span<const Token> list, std::size_t begin, std::size_t chunk) const;
  void rewind(std::size_t length);
  void forget();
  Status reserve_logits(std::size_t rows);
  void keep_last_logits(std::size_t rows);
  // Leaves what is wanted of what is there.
  void keep(const Wanted& wanted);

  // Evaluates the rest of the list; from its beginning, when the device is lost or was.
  Status extend(std::span<const Token> list, const Wanted& wanted, const SyncOptions& options,
                const std::stop_token& stop, SyncResult& result);

  // These need the turn. What was cached may be gone after them.
  enum class Outcome { Done, NothingCached };
  Result<Outcome> evaluate(const Batch& batch, const Wanted& wanted, const std::stop_token& stop);
  Result<Outcome> create_cache();
  Result<Outcome> recover(const Error& failure);
  Status compute(const Batch& batch, const Wanted& wanted, const std::stop_token& stop);
  bool last_are_numbers(const Wanted& wanted) const;
  void release_cache();
};

Status Sequence::State::check_words(std::span<const Token> list) const {
  for (const Token token : list)
    if (token < 0 || static_cast<std::uint32_t>(token) >= vocabulary())
      return Error{Error::Code::InvalidInput, "The token " + std::to_string(token) + " is not in the vocabulary of " +
                                                  std::to_string(vocabulary()) + " entries."};
  return {};
}

Status Sequence::State::check(std::span<const Token> list) const {
  if (!engine.file->is_intact()) return engine.file->lost();
  if (list.empty()) return Error{Error::Code::InvalidInput, "There are no tokens to evaluate."};
  const std::uint32_t context = engine.kv_layout.context;
  if (list.size() > context)
    return Error{Error::Code::InvalidInput, "The conversation has " + std::to_string(list.size()) +
                                                " tokens, more than the context of " + std::to_string(context) + "."};
  if (!engine.config.pictures_see_themselves()) return {};
  const std::size_t largest = engine.kv_layout.largest_block();
  for (std::size_t begin = 0, end = 0; begin < list.size(); begin = end) {
    for (end = begin + 1; soft.divides_picture(list, end);)
      ++end;
    if (end - begin > largest)
      return Error{Error::Code::InvalidInput, "A picture has " + std::to_string(end - begin) +
                                                  " soft tokens, and this conversation has room for " +
                                                  std::to_string(largest) + " at once; take a smaller budget."};
  }
  return {};
}

std::size_t Sequence::State::whole_pictures(std::span<const Token> list, std::size_t place) const {
  if (!engine.config.pictures_see_themselves()) return place;
  while (soft.divides_picture(list, place) || soft.divides_picture(tokens, place))
    --place;
  return place;
}

Sequence::State::Piece Sequence::State::next_piece(std::span<const Token> list, std::size_t begin,
                                                   std::size_t chunk) const {
  std::size_t end = begin + 1;
  if (!engine.config.pictures_see_themselves()) return {std::min(begin + chunk, list.size()), false};
  while (soft.divides_picture(list, end))
    ++end;
  if (end > begin + 1) return {end, true};
  while (end < std::min(begin + chunk, list.size()) && !soft.divides_picture(list, end + 1))
    ++end;
  return {end, false};
}

Sequence::State::Wanted Sequence::State::wanted(std::size_t rows, std::size_t count) const {
  return {count == 0 ? rows : 1, std::min<std::size_t>(count, vocabulary())};
}

bool Sequence::State::has(const Wanted& wanted) const {
  if (wanted.candidates == 0) return wanted.rows <= logit_rows;
  return wanted.candidates <= candidates.size() || logit_rows > 0;
}

std::size_t Sequence::State::reusable(std::span<const Token> list, const Wanted& wanted) const {
  const auto differing = std::mismatch(tokens.begin(), tokens.end(), list.begin(), list.end()).first;
  const auto common = static_cast<std::size_t>(differing - tokens.begin());
  // Nothing to do at all, and the logits are still there.
  if (common == list.size() && common == tokens.size() && has(wanted)) return common;
  const std::size_t before_wanted = list.size() - std::min(list.size(), wanted.rows);
  if (cache == nullptr) return 0;
  return cache->exact_length(static_cast<std::uint32_t>(whole_pictures(list, std::min(common, before_wanted))));
}

void Sequence::State::rewind(std::size_t length) {
  if (length == tokens.size()) return;
  cache->truncate(static_cast<std::uint32_t>(length));
  tokens.resize(length);
}

void Sequence::State::forget() {
  rewind(0);
  keep_last_logits(0);
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
  if (rows == 0) candidates.clear();
}

void Sequence::State::keep(const Wanted& wanted) {
  if (wanted.candidates == 0) {
    keep_last_logits(wanted.rows);
    return;
  }
  if (logit_rows > 0 && candidates.size() < wanted.candidates)
    select_top(std::span(logits).last(vocabulary()), wanted.candidates, candidates);
  candidates.resize(wanted.candidates);
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
  keep_last_logits(0);
}

Result<Sequence::State::Outcome> Sequence::State::recover(const Error& failure) {
  FACET_RETURN_IF_ERROR(engine.recover(failure, ++losses));
  release_cache();
  return Outcome::NothingCached;
}

Status Sequence::State::compute(const Batch& batch, const Wanted& wanted, const std::stop_token& stop) {
  const std::uint32_t rows = batch.wanted_rows;
  const auto start = std::chrono::steady_clock::now();
  FACET_RETURN_IF_ERROR(engine.loaded->forward().evaluate(batch, *cache, stop));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  engine.reading_speed.add(static_cast<std::uint32_t>(batch.tokens.size()), taken.count());
  tokens.insert(tokens.end(), batch.tokens.begin(), batch.tokens.end());
  if (rows > 0 && wanted.reads_candidates()) {
    candidates.resize(wanted.candidates);
    return engine.loaded->forward().read_candidates(candidates);
  }
  logits.resize((logit_rows + rows) * vocabulary());
  return engine.loaded->forward().read_logits(std::span(logits).subspan(logit_rows * vocabulary()));
}

bool Sequence::State::last_are_numbers(const Wanted& wanted) const {
  if (!wanted.reads_candidates()) return are_numbers(std::span(logits).subspan(logit_rows * vocabulary()));
  // What is no number is the largest.
  return candidates.empty() || are_numbers({&candidates.front().logit, 1});
}

Result<Sequence::State::Outcome> Sequence::State::evaluate(const Batch& batch, const Wanted& wanted,
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
  if (const Status done = compute(batch, wanted, stop); !done.ok())
    return done.error().code == Error::Code::Stopped ? Result<Outcome>(done.error()) : recover(done.error());
  if (!engine.file->is_intact()) {
    // Nobody knows how much of it was computed with zeros.
    forget();
    return engine.file->lost();
  }
  // Weights are too many to be looked at before they are used; what is wrong with one shows here. On a graphics device
  // it may be the device that is wrong.
  if (!last_are_numbers(wanted)) {
    const Error damaged{Error::Code::CorruptFile,
                        "'" + engine.file->path().filename().string() +
                            "' gave results that are not numbers, so its weights are damaged; get the file again."};
    return engine.computes_on_cpu() ? Result<Outcome>(damaged)
                                    : recover({Error::Code::Internal, "its results are not numbers."});
  }
  if (!wanted.reads_candidates()) logit_rows += wanted.rows;
  return Outcome::Done;
}

Status Sequence::State::extend(std::span<const Token> list, const Wanted& wanted, const SyncOptions& options,
                               const std::stop_token& stop, SyncResult& result) {
  const std::uint32_t largest = engine.kv_layout.largest_batch();
  const std::uint32_t least = least_chunk(engine.config);
  const std::size_t first_wanted = list.size() - wanted.rows;
  losses = 0;
  while (tokens.size() < list.size()) {
    if (stop.stop_requested()) return Error{Error::Code::Stopped, "The evaluation was stopped."};
    const std::size_t chunk = options.chunk == 0 ? choose_chunk(engine.reading_speed, least, largest)
                                                 : std::min<std::size_t>(options.chunk, largest);
    const std::size_t begin = tokens.size();
    const auto [end, is_block] = next_piece(list, begin, chunk);
    const std::size_t rows = end - std::min(end, std::max(begin, first_wanted));
    const Batch batch{list.subspan(begin, end - begin), static_cast<std::uint32_t>(rows), &soft, is_block};
    FACET_ASSIGN_OR_RETURN(const Outcome outcome, evaluate(batch, {rows, wanted.candidates}, stop));
    if (outcome == Outcome::NothingCached) {
      result = {};
      continue;
    }
    result.evaluated += end - begin;
    if (options.progress) options.progress(result.evaluated, list.size() - result.reused);
  }
  keep(wanted);
  return {};
}

Sequence::Sequence(const Engine::State& engine, Priority priority)
    : state_(new State{.engine = const_cast<Engine::State&>(engine), .priority = priority}) {}
Sequence::~Sequence() = default;

Result<Sequence::SyncResult> Sequence::State::sync(std::span<const Token> list, const SyncOptions& options,
                                                   const std::stop_token& stop) {
  FACET_RETURN_IF_ERROR(check(list));
  const Wanted wants = wanted(std::clamp<std::size_t>(options.logit_rows, 1, list.size()), options.candidates);
  SyncResult result;
  result.reused = reusable(list, wants);
  if (result.reused == list.size()) {
    keep(wants);
    return result;
  }
  if (!wants.reads_candidates()) FACET_RETURN_IF_ERROR(reserve_logits(wants.rows));
  rewind(result.reused);
  keep_last_logits(0);
  FACET_RETURN_IF_ERROR(extend(list, wants, options, stop, result));
  return result;
}

Result<Sequence::SyncResult> Sequence::sync(std::span<const Token> list, const SyncOptions& options,
                                            const std::stop_token& stop) {
  FACET_RETURN_IF_ERROR(state_->check_words(list));
  auto result = state_->sync(list, options, stop);
  state_->soft.keep_only(state_->tokens);
  return result;
}

Result<Sequence::SyncResult> Sequence::sync(std::span<const SequenceItem> items, const SyncOptions& options,
                                            const std::stop_token& stop) {
  for (const SequenceItem& item : items)
    if (const Token* token = std::get_if<Token>(&item)) FACET_RETURN_IF_ERROR(state_->check_words({token, 1}));
  FACET_ASSIGN_OR_RETURN(const std::vector<Token> list,
                         state_->soft.ids_of(items, state_->engine.config.embedding_length));
  auto result = state_->sync(list, options, stop);
  state_->soft.keep_only(state_->tokens);
  return result;
}

std::size_t Sequence::cached(std::span<const Token> list) const {
  return state_->cache == nullptr ? 0 : state_->reusable(list, {});
}

std::size_t Sequence::cached(std::span<const SequenceItem> items) const {
  const auto list = state_->soft.ids_of(items, state_->engine.config.embedding_length);
  const std::size_t count = list.ok() ? cached(*list) : 0;
  state_->soft.keep_only(state_->tokens);
  return count;
}

Status Sequence::append(Token token, std::size_t candidates) {
  State& state = *state_;
  FACET_RETURN_IF_ERROR(state.check_words({&token, 1}));
  FACET_RETURN_IF_ERROR(state.check({&token, 1}));
  const std::uint32_t context = state.engine.kv_layout.context;
  if (state.tokens.size() >= context)
    return Error{Error::Code::InvalidInput,
                 "The conversation has filled the context of " + std::to_string(context) + " tokens."};
  state.keep_last_logits(0);
  std::vector<Token> list = state.tokens;
  list.push_back(token);
  SyncResult result;
  return state.extend(list, state.wanted(1, candidates), {}, {}, result);
}

std::span<const Candidate> Sequence::candidates() const {
  return state_->candidates;
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
