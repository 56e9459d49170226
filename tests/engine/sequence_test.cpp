#include <QTest>
#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <thread>

#include "engine/engine.h"
#include "reference_models.h"

using namespace facet;
using namespace facet::engine;

namespace {

std::unique_ptr<Engine> open(const QString& name, const EngineOptions& options = {}) {
  auto engine = Engine::open((QString(FACET_TEST_DATA "/models/") + name + ".gguf").toStdString(), options);
  if (!engine.ok()) qFatal("%s", engine.error().message.c_str());
  return std::move(engine).value();
}

std::vector<Token> random_tokens(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Token> tokens(count);
  for (Token& token : tokens)
    token = static_cast<Token>(random() % 1200);
  return tokens;
}

std::vector<float> logits_of(const Sequence& sequence) {
  const auto logits = sequence.last_logits();
  return {logits.begin(), logits.end()};
}

std::vector<float> fresh_logits(const Engine& engine, std::span<const Token> tokens) {
  const auto sequence = engine.create_sequence();
  const auto synced = sequence->sync(tokens);
  if (!synced.ok()) qFatal("%s", synced.error().message.c_str());
  return logits_of(*sequence);
}

Sequence::SyncResult sync(Sequence& sequence, std::span<const Token> tokens, const SyncOptions& options = {}) {
  const auto synced = sequence.sync(tokens, options);
  if (!synced.ok()) qFatal("%s", synced.error().message.c_str());
  return *synced;
}

bool holds(const Sequence& sequence, std::span<const Token> tokens) {
  return std::ranges::equal(sequence.tokens(), tokens);
}

}  // namespace

// A sequence after any history gives the very bits of a fresh one that was handed the same tokens.
class SequenceTest : public QObject {
  Q_OBJECT

 private slots:
  void reuses_the_common_prefix();
  void evaluates_anew_behind_the_slack();
  void equals_a_fresh_sequence_after_any_history_data();
  void equals_a_fresh_sequence_after_any_history();
  void keeps_logits_of_the_last_rows();
  void keeps_logits_it_already_has();
  void leaving_early_changes_nothing_data();
  void leaving_early_changes_nothing();
  void appends_like_it_syncs();
  void gives_the_largest_logits_alone();
  void changes_between_candidates_and_logits();
  void stops_between_chunks();
  void stops_before_it_begins();
  void stops_within_a_chunk();
  void reports_progress();
  void refuses_wrong_lists();
  void refuses_to_grow_beyond_the_context();
  void sequences_share_an_engine();
  void plans_its_memory();
  void uses_the_context_it_is_given();
};

void SequenceTest::reuses_the_common_prefix() {
  const auto engine = open("e-f32");
  const auto sequence = engine->create_sequence();
  std::vector<Token> tokens = random_tokens(300, 1);
  auto result = sync(*sequence, tokens);
  QCOMPARE(result.reused, 0U);
  QCOMPARE(result.evaluated, 300U);

  tokens[120] = 7;
  result = sync(*sequence, tokens);
  QCOMPARE(result.reused, 120U);
  QCOMPARE(result.evaluated, 180U);
  QVERIFY(holds(*sequence, tokens));
  QVERIFY(logits_of(*sequence) == fresh_logits(*engine, tokens));

  tokens.resize(150);
  result = sync(*sequence, tokens);
  // The last token is evaluated again for its logits.
  QCOMPARE(result.reused, 149U);
  QVERIFY(logits_of(*sequence) == fresh_logits(*engine, tokens));

  tokens[0] = 9;
  QCOMPARE(sync(*sequence, tokens).reused, 0U);
  QVERIFY(logits_of(*sequence) == fresh_logits(*engine, tokens));
}

// The window of this model is 16. With a slack of 10, at most 11 tokens can be taken back.
void SequenceTest::evaluates_anew_behind_the_slack() {
  const auto engine = open("e-f32", {.rewind_length = 10});
  for (const auto& [edit, reused] : {std::pair{190U, 190U}, {189U, 189U}, {188U, 0U}, {50U, 0U}, {15U, 0U}}) {
    const auto sequence = engine->create_sequence();
    std::vector<Token> tokens = random_tokens(200, 2);
    sync(*sequence, tokens);
    tokens[edit] = 3;
    QCOMPARE(sync(*sequence, tokens).reused, std::size_t{reused});
    QVERIFY(holds(*sequence, tokens));
    QVERIFY(logits_of(*sequence) == fresh_logits(*engine, tokens));
  }
  // As long as the ring has not wrapped, everything is still there.
  const auto sequence = engine->create_sequence();
  std::vector<Token> tokens = random_tokens(26, 3);
  sync(*sequence, tokens);
  tokens[1] = 3;
  QCOMPARE(sync(*sequence, tokens).reused, 1U);
  QVERIFY(logits_of(*sequence) == fresh_logits(*engine, tokens));
}

void SequenceTest::equals_a_fresh_sequence_after_any_history_data() {
  QTest::addColumn<QString>("model");
  QTest::addColumn<int>("slack");
  for (const QString model : {"e-f32", "dense-f32", "moe-f32", "e-q4_0"})
    for (const int slack : {1, 9, 0})
      QTest::addRow("%s, slack %d", qPrintable(model), slack) << model << slack;
}

// Edits, truncations, appended tokens and pieces of all sizes, in random order.
void SequenceTest::equals_a_fresh_sequence_after_any_history() {
  QFETCH(QString, model);
  QFETCH(int, slack);
  const auto engine = open(model, {.context_length = 400, .rewind_length = static_cast<std::uint32_t>(slack)});
  const auto sequence = engine->create_sequence();
  std::mt19937 random(static_cast<unsigned>(slack) + 17);
  std::vector<Token> tokens = random_tokens(60, 5);
  sync(*sequence, tokens);
  for (int step = 0; step < 25; ++step) {
    const std::size_t near_end = tokens.size() - std::min<std::size_t>(tokens.size() - 1, random() % 30);
    switch (random() % 5) {
      case 0:
        tokens[random() % tokens.size()] = static_cast<Token>(random() % 1200);
        break;
      case 1:
        tokens.resize(near_end);
        break;
      case 2:
        tokens[near_end - 1] = static_cast<Token>(random() % 1200);
        break;
      default:
        for (const Token token : random_tokens(1 + random() % 70, static_cast<unsigned>(step)))
          if (tokens.size() < 399) tokens.push_back(token);
    }
    if (random() % 3 == 0 &&
        holds(*sequence, std::span(tokens).first(std::min(tokens.size(), sequence->tokens().size()))) &&
        sequence->tokens().size() < tokens.size()) {
      while (sequence->tokens().size() < tokens.size())
        QVERIFY(sequence->append(tokens[sequence->tokens().size()]).ok());
    } else {
      sync(*sequence, tokens, {.chunk = random() % 50});
    }
    QVERIFY(holds(*sequence, tokens));
    QVERIFY(logits_of(*sequence) == fresh_logits(*engine, tokens));
  }
}

void SequenceTest::keeps_logits_of_the_last_rows() {
  const auto engine = open("dense-f32");
  const std::vector<Token> tokens = random_tokens(90, 6);
  for (const std::size_t chunk : {0, 1, 8, 13}) {
    const auto sequence = engine->create_sequence();
    sync(*sequence, tokens, {.chunk = chunk, .logit_rows = 20});
    QCOMPARE(sequence->logit_rows(), 20U);
    for (std::size_t row = 0; row < 20; ++row) {
      const auto logits = sequence->logits(row);
      QCOMPARE(logits.size(), 1217U);
      QVERIFY(std::ranges::equal(logits, fresh_logits(*engine, std::span(tokens).first(71 + row))));
    }
  }
  // More rows than tokens means all of them.
  const auto sequence = engine->create_sequence();
  sync(*sequence, std::span(tokens).first(3), {.logit_rows = 100});
  QCOMPARE(sequence->logit_rows(), 3U);
  sync(*sequence, std::span(tokens).first(3), {.logit_rows = 0});
  QCOMPARE(sequence->logit_rows(), 1U);
}

void SequenceTest::keeps_logits_it_already_has() {
  const auto engine = open("e-f32");
  const auto sequence = engine->create_sequence();
  const std::vector<Token> tokens = random_tokens(40, 7);
  sync(*sequence, tokens, {.logit_rows = 5});
  const std::vector<float> last = logits_of(*sequence);

  auto result = sync(*sequence, tokens);
  QCOMPARE(result.evaluated, 0U);
  QCOMPARE(result.reused, 40U);
  QCOMPARE(sequence->logit_rows(), 1U);
  QVERIFY(logits_of(*sequence) == last);

  // Rows that are gone must be computed again.
  result = sync(*sequence, tokens, {.logit_rows = 5});
  QCOMPARE(result.reused, 35U);
  QCOMPARE(sequence->logit_rows(), 5U);
  QVERIFY(logits_of(*sequence) == last);
}

void SequenceTest::leaving_early_changes_nothing_data() {
  QTest::addColumn<QString>("name");
  for (const char* name : {"e-f32", "e-q4_0", "e-realheads-bf16", "dense-q4_k_m", "moe-q4_k_m"})
    QTest::newRow(name) << name;
}

// Tokens whose logits nobody asks for leave the pass at the last layer with keys of its own. The last token's logits
// are the same bits as when every token goes through every layer.
void SequenceTest::leaving_early_changes_nothing() {
  QFETCH(QString, name);
  const std::vector<Token> tokens = random_tokens(90, 31);
  for (const Precision precision : {Precision::Full, Precision::Fast}) {
    const auto engine = open(name, {.precision = precision});
    const auto whole = engine->create_sequence();
    sync(*whole, tokens, {.logit_rows = tokens.size()});
    QCOMPARE(whole->logit_rows(), tokens.size());
    const auto last = engine->create_sequence();
    sync(*last, tokens, {.logit_rows = 1});
    QCOMPARE(logits_of(*last), logits_of(*whole));
    const auto chunked = engine->create_sequence();
    sync(*chunked, tokens, {.chunk = 11, .logit_rows = 1});
    QCOMPARE(logits_of(*chunked), logits_of(*whole));
  }
}

void SequenceTest::appends_like_it_syncs() {
  const auto engine = open("moe-f32");
  const auto sequence = engine->create_sequence();
  const std::vector<Token> tokens = random_tokens(50, 8);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    QVERIFY(sequence->append(tokens[i]).ok());
    QCOMPARE(sequence->logit_rows(), 1U);
  }
  QVERIFY(holds(*sequence, tokens));
  QVERIFY(logits_of(*sequence) == fresh_logits(*engine, tokens));
}

namespace {

bool are_largest(std::span<const Candidate> candidates, std::vector<float> logits, std::size_t count) {
  if (candidates.size() != std::min(count, logits.size())) return false;
  for (const Candidate& candidate : candidates)
    if (candidate.logit != logits[static_cast<std::size_t>(candidate.token)]) return false;
  std::sort(logits.begin(), logits.end(), std::greater<>());
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (candidates[i].logit != logits[i]) return false;
  return true;
}

}  // namespace

// Up to what a backend chooses itself, beyond that, and more than there are.
void SequenceTest::gives_the_largest_logits_alone() {
  for (const char* const name : {"e-f32", "moe-f32"}) {
    const auto engine = open(name);
    for (const std::size_t count : {1, 66, 256, 257, 100000}) {
      const auto sequence = engine->create_sequence();
      std::vector<Token> tokens = random_tokens(50, 9);
      sync(*sequence, tokens, {.chunk = 20, .candidates = count});
      QVERIFY(are_largest(sequence->candidates(), fresh_logits(*engine, tokens), count));
      for (const Token token : random_tokens(5, 10)) {
        tokens.push_back(token);
        QVERIFY(sequence->append(token, count).ok());
        QVERIFY(are_largest(sequence->candidates(), fresh_logits(*engine, tokens), count));
      }
    }
  }
}

// What is there already is not evaluated again; what is not, is.
void SequenceTest::changes_between_candidates_and_logits() {
  const auto engine = open("e-f32");
  const auto sequence = engine->create_sequence();
  const std::vector<Token> tokens = random_tokens(40, 11);
  const std::vector<float> expected = fresh_logits(*engine, tokens);
  sync(*sequence, tokens, {.candidates = 20});
  QCOMPARE(sequence->logit_rows(), 0U);
  QCOMPARE(sync(*sequence, tokens, {.candidates = 20}).evaluated, 0U);
  QCOMPARE(sync(*sequence, tokens, {.candidates = 10}).evaluated, 0U);
  QVERIFY(are_largest(sequence->candidates(), expected, 10));
  QCOMPARE(sync(*sequence, tokens, {.candidates = 30}).evaluated, 1U);
  QVERIFY(are_largest(sequence->candidates(), expected, 30));
  QCOMPARE(sync(*sequence, tokens).evaluated, 1U);
  QVERIFY(logits_of(*sequence) == expected);
  QCOMPARE(sync(*sequence, tokens, {.candidates = 30}).evaluated, 0U);
  QVERIFY(are_largest(sequence->candidates(), expected, 30));
  QCOMPARE(sync(*sequence, tokens).evaluated, 0U);
  QVERIFY(logits_of(*sequence) == expected);
}

void SequenceTest::stops_between_chunks() {
  const auto engine = open("e-f32");
  const auto sequence = engine->create_sequence();
  const std::vector<Token> tokens = random_tokens(100, 9);
  std::stop_source source;
  const SyncOptions options{.chunk = 30, .progress = [&](std::size_t done, std::size_t) {
                              if (done == 60) source.request_stop();
                            }};
  const auto stopped = sequence->sync(tokens, options, source.get_token());
  QVERIFY(!stopped.ok());
  QCOMPARE(stopped.error().code, Error::Code::Stopped);
  QVERIFY(holds(*sequence, std::span(tokens).first(60)));

  const auto result = sync(*sequence, tokens);
  QCOMPARE(result.reused, 60U);
  QVERIFY(logits_of(*sequence) == fresh_logits(*engine, tokens));
}

void SequenceTest::stops_before_it_begins() {
  const auto engine = open("e-f32");
  const auto sequence = engine->create_sequence();
  const std::vector<Token> tokens = random_tokens(20, 10);
  std::stop_source source;
  source.request_stop();
  QVERIFY(!sequence->sync(tokens, {}, source.get_token()).ok());
  QVERIFY(sequence->tokens().empty());
  sync(*sequence, tokens);
  QVERIFY(logits_of(*sequence) == fresh_logits(*engine, tokens));
}

// A stop from another thread at whatever moment: what is cached afterwards is sound, and the rest can follow.
void SequenceTest::stops_within_a_chunk() {
  const auto engine = open("dense-f32", {.rewind_length = 30});
  const std::vector<Token> tokens = random_tokens(380, 11);
  const std::vector<float> expected = fresh_logits(*engine, tokens);
  const auto sequence = engine->create_sequence();
  for (int round = 0; round < 30; ++round) {
    sync(*sequence, std::span(tokens).first(200 + static_cast<std::size_t>(round)));
    std::stop_source source;
    std::jthread stopper([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(round * 100));
      source.request_stop();
    });
    (void)sequence->sync(tokens, {}, source.get_token());
    QVERIFY(holds(*sequence, std::span(tokens).first(sequence->tokens().size())));
  }
  sync(*sequence, tokens);
  QVERIFY(logits_of(*sequence) == expected);
}

void SequenceTest::reports_progress() {
  const auto engine = open("e-f32");
  const auto sequence = engine->create_sequence();
  const std::vector<Token> tokens = random_tokens(70, 12);
  sync(*sequence, std::span(tokens).first(10));
  std::vector<std::pair<std::size_t, std::size_t>> reports;
  sync(*sequence, tokens,
       {.chunk = 25, .progress = [&](std::size_t done, std::size_t total) { reports.emplace_back(done, total); }});
  QVERIFY(reports == (std::vector<std::pair<std::size_t, std::size_t>>{{25, 60}, {50, 60}, {60, 60}}));
}

void SequenceTest::refuses_wrong_lists() {
  const auto engine = open("e-f32", {.context_length = 64});
  const auto sequence = engine->create_sequence();
  const std::vector<Token> tokens = random_tokens(20, 13);
  sync(*sequence, tokens);
  const auto refused = [&](const std::vector<Token>& list, const char* reason) {
    const auto result = sequence->sync(list);
    return !result.ok() && result.error().code == Error::Code::InvalidInput &&
           QString::fromStdString(result.error().message).contains(reason);
  };
  QVERIFY(refused({}, "no tokens"));
  QVERIFY(refused({2, -1}, "-1"));
  QVERIFY(refused({2, 1217}, "1217"));
  QVERIFY(refused({std::numeric_limits<Token>::max()}, "vocabulary"));
  QVERIFY(refused(random_tokens(65, 14), "65"));
  QVERIFY(!sequence->append(-5).ok());
  QVERIFY(!sequence->append(5000).ok());
  // Nothing of this has touched what was there.
  QVERIFY(holds(*sequence, tokens));
  QVERIFY(logits_of(*sequence) == fresh_logits(*engine, tokens));
}

void SequenceTest::refuses_to_grow_beyond_the_context() {
  const auto engine = open("e-f32", {.context_length = 33});
  const auto sequence = engine->create_sequence();
  const std::vector<Token> tokens = random_tokens(33, 15);
  sync(*sequence, std::span(tokens).first(32));
  QVERIFY(sequence->append(tokens[32]).ok());
  const auto full = sequence->append(1);
  QVERIFY(!full.ok());
  QCOMPARE(full.error().code, Error::Code::InvalidInput);
  QVERIFY(QString::fromStdString(full.error().message).contains("33"));
  QVERIFY(holds(*sequence, tokens));
  QVERIFY(logits_of(*sequence) == fresh_logits(*engine, tokens));
}

void SequenceTest::sequences_share_an_engine() {
  const auto engine = open("e-f32");
  std::vector<std::vector<float>> expected;
  for (unsigned i = 0; i < 4; ++i)
    expected.push_back(fresh_logits(*engine, random_tokens(80, 100 + i)));
  std::vector<std::vector<float>> actual(4);
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < 4; ++i)
      threads.emplace_back([&, i] {
        const std::vector<Token> tokens = random_tokens(80, 100 + i);
        const auto sequence = engine->create_sequence();
        for (std::size_t end = 10; end <= 70; end += 10)
          (void)sequence->sync(std::span(tokens).first(end), {.chunk = 3});
        while (sequence->tokens().size() < 80)
          (void)sequence->append(tokens[sequence->tokens().size()]);
        actual[i] = logits_of(*sequence);
      });
  }
  QVERIFY(actual == expected);
}

// The numbers by hand: 8 layers of which 4 own keys and values (S S S F), window 16, head sizes 16 and 32, one key
// head.
void SequenceTest::plans_its_memory() {
  const auto engine = open("e-f32", {.context_length = 1000, .rewind_length = 50});
  const std::uint64_t sliding = 3 * std::uint64_t{16 + 50} * 16 * 2 * 4;
  const std::uint64_t full = std::uint64_t{1000} * 32 * 2 * 4;
  QCOMPARE(engine->memory().cache_bytes, sliding + full);
  QVERIFY(engine->memory().weight_bytes > 0);
  QVERIFY(engine->memory().weight_bytes < engine->description().file_bytes);
  QVERIFY(engine->memory().activation_bytes > 0);
}

void SequenceTest::uses_the_context_it_is_given() {
  QCOMPARE(open("e-f32")->context_length(), 4096U);
  QCOMPARE(open("e-f32", {.context_length = 100})->context_length(), 100U);
  const auto engine = Engine::open(FACET_TEST_DATA "/models/e-f32.gguf", {.context_length = 5000});
  QVERIFY(!engine.ok());
  QCOMPARE(engine.error().code, Error::Code::InvalidInput);
  QVERIFY(QString::fromStdString(engine.error().message).contains("4096"));
}

QTEST_APPLESS_MAIN(SequenceTest)
#include "sequence_test.moc"
