#include "engine/text/sampler.h"

#include <QTest>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "engine/gguf/gguf_file.h"

using namespace facet;
using namespace facet::engine;

namespace {

std::vector<float> random_logits(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> logits(count);
  for (float& logit : logits)
    logit = static_cast<float>(random() % 20001U) / 1000.0F - 10.0F;
  return logits;
}

// The probabilities by the definition: sort everything, in double precision, step by step.
std::map<Token, double> naive_probabilities(const std::vector<float>& logits, const Sampling& sampling) {
  std::vector<Token> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](Token a, Token b) {
    return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
  });
  if (sampling.top_k > 0) order.resize(std::min(order.size(), static_cast<std::size_t>(sampling.top_k)));
  const auto normalised = [&] {
    std::vector<double> values;
    for (const Token token : order)
      values.push_back(std::exp(double{logits[static_cast<std::size_t>(token)]} / double{sampling.temperature}));
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    for (double& value : values)
      value /= sum;
    return values;
  };
  std::vector<double> values = normalised();
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size() && sampling.top_p < 1.0F; ++i) {
    sum += values[i];
    if (sum < double{sampling.top_p}) continue;
    order.resize(i + 1);
    break;
  }
  values = normalised();
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] >= double{sampling.min_p} * values[0]) continue;
    order.resize(i);
    break;
  }
  values = normalised();
  std::map<Token, double> probabilities;
  for (std::size_t i = 0; i < order.size(); ++i)
    probabilities[order[i]] = values[i];
  return probabilities;
}

Token draw(Sampler& sampler, std::vector<float> logits, std::span<const Token> history = {},
           const Tokenizer* tokenizer = nullptr) {
  return sampler.sample(logits, history, tokenizer);
}

Sampling greedy() {
  Sampling sampling;
  sampling.temperature = 0.0F;
  return sampling;
}

}  // namespace

class SamplerTest : public QObject {
  Q_OBJECT

 private slots:
  void greedy_takes_the_best();
  void suppressed_tokens_are_never_drawn();
  void follows_the_definition_data();
  void follows_the_definition();
  void the_seed_decides();
  void draws_the_same_everywhere();
  void penalty_pushes_recent_tokens_away();
  void penalty_spares_markers();
  void odd_values_are_harmless();
  void candidates_decide_the_same_data();
  void candidates_decide_the_same();
  void says_when_all_logits_are_needed();
  void a_mask_is_as_if_there_were_no_others();
  void what_is_allowed_is_drawn_whatever_the_logits();
};

void SamplerTest::greedy_takes_the_best() {
  Sampler sampler(greedy(), {});
  QCOMPARE(draw(sampler, {1.0F, 3.0F, 2.0F}), 1);
  QCOMPARE(draw(sampler, {1.0F, 3.0F, 3.0F, 3.0F}), 1);  // of equals the lowest id
  QCOMPARE(draw(sampler, {-5.0F}), 0);
  for (unsigned seed = 0; seed < 20; ++seed) {
    const auto logits = random_logits(5000, seed);
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    QCOMPARE(draw(sampler, logits), static_cast<Token>(best));
  }
}

void SamplerTest::suppressed_tokens_are_never_drawn() {
  const std::vector<Token> suppressed = {1, 3, -4, 99999};
  Sampler best(greedy(), suppressed);
  QCOMPARE(draw(best, {1.0F, 9.0F, 2.0F, 9.0F}), 2);
  Sampling sampling;
  sampling.temperature = 100.0F;
  sampling.top_k = 0;
  sampling.top_p = 1.0F;
  Sampler random(sampling, suppressed);
  for (int i = 0; i < 2000; ++i) {
    const Token token = draw(random, {1.0F, 9.0F, 2.0F, 9.0F});
    QVERIFY(token == 0 || token == 2);
  }
}

void SamplerTest::follows_the_definition_data() {
  QTest::addColumn<float>("temperature");
  QTest::addColumn<int>("top_k");
  QTest::addColumn<float>("top_p");
  QTest::addColumn<float>("min_p");
  QTest::newRow("publisher's defaults") << 1.0F << 64 << 0.95F << 0.0F;
  QTest::newRow("temperature alone") << 3.0F << 0 << 1.0F << 0.0F;
  QTest::newRow("cold") << 0.3F << 0 << 1.0F << 0.0F;
  QTest::newRow("top-k alone") << 5.0F << 7 << 1.0F << 0.0F;
  QTest::newRow("top-k of one") << 5.0F << 1 << 1.0F << 0.0F;
  QTest::newRow("top-k beyond the vocabulary") << 2.0F << 100000 << 1.0F << 0.0F;
  QTest::newRow("top-p alone") << 2.0F << 0 << 0.8F << 0.0F;
  QTest::newRow("top-p over many tokens") << 50.0F << 0 << 0.9F << 0.0F;
  QTest::newRow("top-p of zero") << 2.0F << 0 << 0.0F << 0.0F;
  QTest::newRow("min-p alone") << 4.0F << 0 << 1.0F << 0.2F;
  QTest::newRow("everything") << 6.0F << 40 << 0.7F << 0.3F;
}

// Draws often and compares how often each token came with its probability. The seed is fixed, so the outcome is too;
// five standard deviations leave no room for a wrong rule.
void SamplerTest::follows_the_definition() {
  QFETCH(float, temperature);
  QFETCH(int, top_k);
  QFETCH(float, top_p);
  QFETCH(float, min_p);
  Sampling sampling;
  sampling.temperature = temperature;
  sampling.top_k = top_k;
  sampling.top_p = top_p;
  sampling.min_p = min_p;
  sampling.seed = 7;
  const auto logits = random_logits(300, 11);
  const auto expected = naive_probabilities(logits, sampling);
  Sampler sampler(sampling, {});
  constexpr int kDraws = 8000;
  std::map<Token, int> counts;
  for (int i = 0; i < kDraws; ++i)
    ++counts[draw(sampler, logits)];
  for (const auto& [token, count] : counts)
    QVERIFY2(expected.contains(token), qPrintable(QString::number(token)));
  for (const auto& [token, probability] : expected) {
    const double deviation = std::sqrt(kDraws * probability * (1.0 - probability));
    QVERIFY2(std::abs(counts[token] - kDraws * probability) <= 5.0 * deviation + 1.0,
             qPrintable(QString("%1: %2 of %3").arg(token).arg(counts[token]).arg(kDraws * probability)));
  }
}

void SamplerTest::the_seed_decides() {
  const auto logits = random_logits(600, 3);
  const auto draws = [&](std::uint64_t seed) {
    Sampling sampling;
    sampling.temperature = 5.0F;
    sampling.seed = seed;
    Sampler sampler(sampling, {});
    std::vector<Token> tokens;
    for (int i = 0; i < 50; ++i)
      tokens.push_back(draw(sampler, logits));
    return tokens;
  };
  QCOMPARE(draws(1), draws(1));
  QVERIFY(draws(1) != draws(2));
}

// The generator is the standard's, whose 10000th value is given there; a draw takes its upper 53 bits.
void SamplerTest::draws_the_same_everywhere() {
  std::mt19937_64 standard;
  standard.discard(9999);
  QCOMPARE(standard(), std::uint64_t{9981545732273789042U});
  Sampling sampling;
  sampling.seed = 42;
  sampling.top_k = 0;
  sampling.top_p = 1.0F;
  Sampler sampler(sampling, {});
  std::mt19937_64 same(42);
  for (int i = 0; i < 100; ++i) {
    // Four tokens of one quarter each, in order of their ids.
    const auto expected = static_cast<Token>(static_cast<double>(same() >> 11U) * 0x1p-53 * 4.0);
    QCOMPARE(draw(sampler, {2.0F, 2.0F, 2.0F, 2.0F}), expected);
  }
}

void SamplerTest::penalty_pushes_recent_tokens_away() {
  Sampling sampling = greedy();
  sampling.repetition_penalty = 2.0F;
  sampling.repetition_window = 2;
  Sampler sampler(sampling, {});
  const std::vector<Token> history = {0, 1, 1};
  QCOMPARE(draw(sampler, {0.0F, 4.0F, 2.5F}, history), 2);     // 4 becomes 2
  QCOMPARE(draw(sampler, {0.0F, 4.0F, 1.5F}, history), 1);     // once, however often it was said
  QCOMPARE(draw(sampler, {-9.0F, -1.0F, -1.5F}, history), 2);  // -1 becomes -2
  QCOMPARE(draw(sampler, {4.0F, 3.0F, 3.5F}, history), 0);     // outside the window
  const std::vector<Token> strange = {-1, 99};
  QCOMPARE(draw(sampler, {0.0F, 4.0F, 1.5F}, strange), 1);
}

void SamplerTest::penalty_spares_markers() {
  const auto file = GgufFile::open(FACET_TEST_DATA "/models/e-f32.gguf");
  QVERIFY(file.ok());
  const auto tokenizer = Tokenizer::from_gguf(**file);
  QVERIFY(tokenizer.ok());
  Sampling sampling = greedy();
  sampling.repetition_penalty = 10.0F;
  Sampler sampler(sampling, {});
  const Token delimiter = *(*tokenizer)->find("<|\"|>");
  const Token letter = *(*tokenizer)->find("a");
  std::vector<float> logits(1217, 0.0F);
  logits[static_cast<std::size_t>(delimiter)] = 4.0F;
  logits[static_cast<std::size_t>(letter)] = 5.0F;
  const std::vector<Token> history = {delimiter, letter};
  QCOMPARE(draw(sampler, logits, history, tokenizer->get()), delimiter);
  QCOMPARE(draw(sampler, logits, history), letter);
}

void SamplerTest::odd_values_are_harmless() {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Sampling sampling;
  Sampler sampler(sampling, {});
  for (int i = 0; i < 100; ++i) {
    QCOMPARE(draw(sampler, {kNan, 1.0F, kNan}), 1);
    QCOMPARE(draw(sampler, {1.0F, kInfinity, 3.0F}), 1);
    QCOMPARE(draw(sampler, {-kInfinity, -kInfinity, 2.0F}), 2);
  }
  QCOMPARE(draw(sampler, {kNan, kNan}), 0);
  sampling = {kNan, -3, kNan, kNan, -1.0F, -5, 0};
  Sampler strange(sampling, {});
  const std::vector<Token> history = {0, 1};
  QCOMPARE(draw(strange, {1.0F, 2.0F}, history), 1);
}

void SamplerTest::candidates_decide_the_same_data() {
  QTest::addColumn<float>("temperature");
  QTest::addColumn<int>("top_k");
  QTest::addColumn<float>("penalty");
  QTest::addRow("greedy") << 0.0F << 64 << 1.0F;
  QTest::addRow("greedy with penalty") << 0.0F << 0 << 1.7F;
  QTest::addRow("defaults") << 1.0F << 64 << 1.0F;
  QTest::addRow("one candidate") << 1.0F << 1 << 1.0F;
  QTest::addRow("few, with penalty") << 2.0F << 5 << 3.0F;
  QTest::addRow("more than there are") << 2.0F << 1000 << 1.3F;
}

// Logits with many equals, suppressed and recent tokens among the best: the largest ones alone, with the others
// unknown, give the draws of the whole vocabulary.
void SamplerTest::candidates_decide_the_same() {
  QFETCH(float, temperature);
  QFETCH(int, top_k);
  QFETCH(float, penalty);
  Sampling sampling;
  sampling.temperature = temperature;
  sampling.top_k = top_k;
  sampling.repetition_penalty = penalty;
  sampling.repetition_window = 12;
  sampling.seed = 5;
  std::mt19937 random(77);
  for (unsigned round = 0; round < 300; ++round) {
    std::vector<float> logits = random_logits(700, round);
    for (float& logit : logits)
      logit = std::round(logit);
    std::vector<Candidate> largest;
    select_top(logits, 40, largest);
    std::vector<Token> suppressed;
    std::vector<Token> history;
    for (int i = 0; i < 20; ++i) {
      history.push_back(i % 2 == 0 ? largest[random() % 40].token : static_cast<Token>(random() % 700));
      if (i < 6) suppressed.push_back(largest[random() % 40].token);
    }
    Sampler of_all(sampling, suppressed);
    Sampler of_few(sampling, suppressed);
    const std::vector<Token> barred = {largest[0].token, static_cast<Token>(round)};
    of_all.bar(barred);
    of_few.bar(barred);
    select_top(logits, of_few.candidates_needed(), largest);
    QVERIFY(of_few.candidates_needed() > 0 && largest.size() == std::min<std::size_t>(of_few.candidates_needed(), 700));
    for (int i = 0; i < 4; ++i) {
      std::vector<Candidate> copy = largest;
      std::shuffle(copy.begin(), copy.end(), random);
      QCOMPARE(of_few.sample_from(copy, history), draw(of_all, logits, history));
    }
  }
}

void SamplerTest::says_when_all_logits_are_needed() {
  const std::vector<Token> suppressed = {4, 9, 4};
  Sampling sampling;
  QCOMPARE(Sampler(sampling, suppressed).candidates_needed(), 66U);
  sampling.repetition_penalty = 1.1F;
  QCOMPARE(Sampler(sampling, suppressed).candidates_needed(), 130U);
  sampling.repetition_penalty = 0.9F;
  QCOMPARE(Sampler(sampling, suppressed).candidates_needed(), 0U);
  sampling.repetition_penalty = 1.0F;
  sampling.top_k = 0;
  QCOMPARE(Sampler(sampling, suppressed).candidates_needed(), 0U);
  sampling.temperature = 0.0F;
  QCOMPARE(Sampler(sampling, suppressed).candidates_needed(), 3U);
}

void SamplerTest::a_mask_is_as_if_there_were_no_others() {
  std::mt19937 random(8);
  for (unsigned round = 0; round < 200; ++round) {
    Sampling sampling;
    sampling.temperature = round % 4 == 0 ? 0.0F : 2.0F;
    sampling.top_k = round % 3 == 0 ? 0 : 5;
    sampling.seed = round;
    const std::vector<float> logits = random_logits(700, round);
    TokenMask allowed(700);
    std::vector<Token> others;
    for (Token token = 0; token < 700; ++token) {
      if (random() % (1 + round % 50) == 0) {
        allowed.add(token);
      } else {
        others.push_back(token);
      }
    }
    if (allowed.count() == 0) continue;
    Sampler masked(sampling, {});
    Sampler suppressing(sampling, others);
    for (int i = 0; i < 4; ++i) {
      std::vector<float> copy = logits;
      const Token token = masked.sample(copy, {}, nullptr, &allowed);
      QVERIFY(allowed.contains(token));
      QCOMPARE(token, draw(suppressing, logits));
    }
  }
}

void SamplerTest::what_is_allowed_is_drawn_whatever_the_logits() {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  TokenMask allowed(4);
  allowed.add(2);
  for (const float temperature : {0.0F, 1.0F}) {
    Sampling sampling;
    sampling.temperature = temperature;
    Sampler sampler(sampling, {});
    for (std::vector<float> logits : {std::vector{kNan, kNan, kNan, kNan}, {1.0F, 2.0F, -kInfinity, kInfinity}})
      QCOMPARE(sampler.sample(logits, {}, nullptr, &allowed), 2);
  }
}

QTEST_APPLESS_MAIN(SamplerTest)
#include "sampler_test.moc"
