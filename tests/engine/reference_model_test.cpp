#include "reference_models.h"

#include <QTest>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/engine.h"
#include "logits_agreement.h"

using namespace facet;
using namespace facet::engine;
using logits_agreement::kLargest;
using logits_agreement::kRootMeanSquare;
using reference_models::Model;
using reference_models::Prompt;

namespace {

// Where the best two tokens are closer than this, rounding may exchange them.
constexpr double kClearGap = 4 * kLargest;

std::unique_ptr<Engine> open(const Model& model, const EngineOptions& options = {}) {
  auto engine = Engine::open(model.gguf.toStdString(), options);
  if (!engine.ok()) qFatal("%s", engine.error().message.c_str());
  return std::move(engine).value();
}

// The logits of the last rows, after feeding the tokens in pieces of the given sizes and the rest in pieces of `chunk`.
std::vector<float> evaluate(const Engine& engine, const Prompt& prompt, const std::vector<std::size_t>& pieces,
                            std::size_t chunk, std::size_t rows) {
  const auto sequence = engine.create_sequence();
  const std::span<const Token> tokens(prompt.tokens);
  std::vector<std::size_t> ends;
  for (const std::size_t piece : pieces)
    ends.push_back((ends.empty() ? 0 : ends.back()) + piece);
  if (ends.empty() || ends.back() != tokens.size()) ends.push_back(tokens.size());
  for (const std::size_t end : ends) {
    const auto synced = sequence->sync(tokens.first(end), {.chunk = chunk, .logit_rows = std::min(rows, end)});
    if (!synced.ok()) qFatal("%s", synced.error().message.c_str());
  }
  std::vector<float> logits;
  for (std::size_t row = 0; row < sequence->logit_rows(); ++row) {
    const auto values = sequence->logits(row);
    logits.insert(logits.end(), values.begin(), values.end());
  }
  return logits;
}

std::vector<double> log_shares(std::span<const float> logits) {
  double total = 0;
  for (const float logit : logits)
    total += std::exp(static_cast<double>(logit));
  std::vector<double> shares(logits.begin(), logits.end());
  for (double& share : shares)
    share -= std::log(total);
  return shares;
}

// Of Kullback and Leibler, in nats.
double divergence(std::span<const float> truth, std::span<const float> other) {
  const std::vector<double> p = log_shares(truth);
  const std::vector<double> q = log_shares(other);
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i)
    sum += std::exp(p[i]) * (p[i] - q[i]);
  return sum;
}

Token best(std::span<const float> logits) {
  return static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace

class ReferenceModelTest : public QObject {
  Q_OBJECT

 private slots:
  void finds_models();
  void logits_agree_data() { models(); }
  void logits_agree();
  void fast_logits_agree_data() { models(); }
  void fast_logits_agree();
  void caches_keep_the_distribution_data() { models(); }
  void caches_keep_the_distribution();
  void pieces_change_nothing_data() { models(); }
  void pieces_change_nothing();
  void threads_change_nothing_data() { models(); }
  void threads_change_nothing();
  void best_tokens_agree_everywhere_data() { models(); }
  void best_tokens_agree_everywhere();
  void greedy_continuations_agree_data() { models(); }
  void greedy_continuations_agree();

 private:
  static void pieces_change_nothing(const Model& model, Precision precision);
  // The sets of instructions that this machine has.
  static QStringList kernel_sets() {
    QStringList sets;
    for (const std::string& name : instruction_sets())
      sets += QString::fromStdString(name);
    return sets;
  }
  static void models() {
    QTest::addColumn<QString>("base");
    for (const QString& base : reference_models::all())
      QTest::newRow(qPrintable(base.section('/', -1))) << base;
  }
};

void ReferenceModelTest::finds_models() {
  QVERIFY(reference_models::all().size() >= 7);
}

void ReferenceModelTest::logits_agree() {
  QFETCH(QString, base);
  const Model model = reference_models::load(base);
  const auto engine = open(model);
  for (const Prompt& prompt : model.prompts) {
    const std::vector<float> logits = evaluate(*engine, prompt, {}, 0, prompt.logit_positions.size());
    if (const QString fault = logits_agreement::disagreement(logits, prompt); !fault.isEmpty())
      QFAIL(qPrintable(fault));
  }
}

// Activations of 8 bits and a cache of 16 or 8: not much worse than another good engine that rounds activations. Models
// in float formats have no integer weights, so only their cache is rounded, or nothing.
void ReferenceModelTest::fast_logits_agree() {
  QFETCH(QString, base);
  const Model model = reference_models::load(base);
  const bool integers = !base.endsWith("-f32") && !base.endsWith("-bf16");
  for (const QString& kernels : kernel_sets()) {
    for (const CacheFormat cache : {CacheFormat::F32, CacheFormat::F16, CacheFormat::Q8_0}) {
      const auto engine =
          open(model, {.precision = Precision::Fast, .cache_format = cache, .kernels = kernels.toStdString()});
      for (const Prompt& prompt : model.prompts) {
        const std::vector<float> logits = evaluate(*engine, prompt, {}, 0, prompt.logit_positions.size());
        QCOMPARE(logits.size(), prompt.exact.size());
        double squares = 0;
        for (std::size_t i = 0; i < logits.size(); ++i) {
          const double difference = static_cast<double>(logits[i]) - prompt.exact[i];
          squares += difference * difference;
        }
        const double root_mean_square = std::sqrt(squares / static_cast<double>(logits.size()));
        // The rounding of 8-bit activations, the reference's own tolerance for it, and what keys and values of 11 and 8
        // significant bits do to models of which every weight is random.
        double allowed = integers ? 1.5 * prompt.eight_bit_difference : kRootMeanSquare;
        if (cache == CacheFormat::F16) allowed += 0.01;
        if (cache == CacheFormat::Q8_0) allowed += 0.15;
        if (!(root_mean_square <= allowed))
          QFAIL(qPrintable(QString("%1, %2, cache %3: root mean square %4, allowed %5")
                               .arg(kernels, prompt.id)
                               .arg(static_cast<int>(cache))
                               .arg(root_mean_square)
                               .arg(allowed)));
      }
    }
  }
}

// What is lost of the distribution of the next token when keys and values have 16 or 8 bits. Models of which every
// weight is random suffer more from it than trained ones. Where heads are no whole blocks, Q8_0 is F16.
void ReferenceModelTest::caches_keep_the_distribution() {
  QFETCH(QString, base);
  const Model model = reference_models::load(base);
  const auto rows_of = [&](CacheFormat cache) {
    const auto engine = open(model, {.precision = Precision::Full, .cache_format = cache});
    std::vector<float> all;
    for (const Prompt& prompt : model.prompts) {
      const std::vector<float> rows = evaluate(*engine, prompt, {}, 0, prompt.tokens.size());
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  };
  const std::vector<float> exact = rows_of(CacheFormat::F32);
  for (const auto& [cache, allowed] : {std::pair{CacheFormat::F16, 1e-5}, {CacheFormat::Q8_0, 3e-3}}) {
    const std::vector<float> rounded = rows_of(cache);
    std::vector<double> lost;
    for (std::size_t at = 0; at < exact.size(); at += model.vocabulary)
      lost.push_back(
          divergence(std::span(exact).subspan(at, model.vocabulary), std::span(rounded).subspan(at, model.vocabulary)));
    const double mean = std::accumulate(lost.begin(), lost.end(), 0.0) / static_cast<double>(lost.size());
    if (!(mean > 0 && mean <= allowed))
      QFAIL(qPrintable(QString("cache %1: %2, allowed %3").arg(static_cast<int>(cache)).arg(mean).arg(allowed)));
  }
}

// Whatever the pieces, the very same bits.
void ReferenceModelTest::pieces_change_nothing() {
  QFETCH(QString, base);
  const Model model = reference_models::load(base);
  for (const Precision precision : {Precision::Full, Precision::Fast})
    pieces_change_nothing(model, precision);
}

void ReferenceModelTest::pieces_change_nothing(const Model& model, Precision precision) {
  const auto engine = open(model, {.precision = precision});
  // Rings as small as they can be: every piece wraps.
  const auto small = open(model, {.rewind_length = 3, .precision = precision});
  for (const Prompt& prompt : model.prompts) {
    const std::vector<float> whole = evaluate(*engine, prompt, {}, 0, 4);
    for (const std::size_t chunk : {1, 7, 64})
      QVERIFY(evaluate(*engine, prompt, {}, chunk, 4) == whole);
    QVERIFY(evaluate(*engine, prompt, prompt.chunks, 0, 4) == whole);
    QVERIFY(evaluate(*small, prompt, prompt.chunks, 0, 4) == whole);
    QVERIFY(evaluate(*small, prompt, {}, 1, 4) == whole);
  }
}

void ReferenceModelTest::threads_change_nothing() {
  QFETCH(QString, base);
  const Model model = reference_models::load(base);
  const Prompt& prompt = model.prompts.back();
  for (const Precision precision : {Precision::Full, Precision::Fast}) {
    const std::vector<float> one = evaluate(*open(model, {.threads = 1, .precision = precision}), prompt, {}, 0, 4);
    QVERIFY(evaluate(*open(model, {.threads = 5, .precision = precision}), prompt, {}, 0, 4) == one);
  }
}

void ReferenceModelTest::best_tokens_agree_everywhere() {
  QFETCH(QString, base);
  const Model model = reference_models::load(base);
  const auto engine = open(model);
  for (const Prompt& prompt : model.prompts) {
    const std::vector<float> logits = evaluate(*engine, prompt, {}, 0, prompt.tokens.size());
    QCOMPARE(logits.size(), prompt.tokens.size() * model.vocabulary);
    for (std::size_t i = 0; i < prompt.tokens.size(); ++i) {
      if (prompt.gap_exact[i] < kClearGap) continue;
      QCOMPARE(best(std::span(logits).subspan(i * model.vocabulary, model.vocabulary)), prompt.argmax_exact[i]);
    }
  }
}

void ReferenceModelTest::greedy_continuations_agree() {
  QFETCH(QString, base);
  const Model model = reference_models::load(base);
  const auto engine = open(model);
  for (const Prompt& prompt : model.prompts) {
    const auto sequence = engine->create_sequence();
    QVERIFY(sequence->sync(prompt.tokens).ok());
    for (std::size_t i = 0; i < prompt.greedy.size(); ++i) {
      const bool clear = prompt.greedy_gap_exact[i] >= kClearGap &&
                         (prompt.router_margin_greedy.empty() || prompt.router_margin_greedy[i] >= kClearGap);
      if (clear) QCOMPARE(best(sequence->last_logits()), prompt.greedy_exact[i]);
      QVERIFY(sequence->append(prompt.greedy[i]).ok());
    }
  }
}

QTEST_APPLESS_MAIN(ReferenceModelTest)
#include "reference_model_test.moc"
