#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "engine/cpu/cpu_backend.h"
#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/model/config.h"
#include "engine/placed/placed_backend.h"
#include "tests/model/make_model.h"

using namespace facet;
using namespace facet::engine;

namespace {

constexpr int kTokens = 60;

// Logits behind every token, one token at a time.
std::vector<float> evaluate(const Engine& engine) {
  std::vector<float> logits;
  const auto sequence = engine.create_sequence();
  for (int i = 0; i < kTokens; ++i) {
    if (!sequence->append(static_cast<Token>(i * 37 % 1000)).ok()) qFatal("append");
    logits.insert(logits.end(), sequence->last_logits().begin(), sequence->last_logits().end());
  }
  return logits;
}

}  // namespace

// Models whose gate and up projections are one tensor or two, with more experts than the reference models have: what
// another backend holds of them changes nothing but the order of sums.
class HeldExpertsTest : public QObject {
  Q_OBJECT

 private slots:
  void logits_are_those_without_data();
  void logits_are_those_without();
};

void HeldExpertsTest::logits_are_those_without_data() {
  QTest::addColumn<bool>("splits");
  QTest::newRow("gate and up in one") << false;
  QTest::newRow("gate and up by themselves") << true;
}

void HeldExpertsTest::logits_are_those_without() {
  QFETCH(bool, splits);
  const QTemporaryDir folder;
  const std::filesystem::path path = folder.filePath("model.gguf").toStdString();
  model_maker::ModelOrder order{*model_maker::find_shape("tiny-26B-A4B"), *model_maker::find_file_type("q4_0")};
  order.variations.split_experts = splits;
  QVERIFY(model_maker::make_model(order, path).ok());
  const auto alone = Engine::open(path, {.threads = 1});
  QVERIFY(alone.ok());
  const std::vector<float> expected = evaluate(**alone);

  const auto file = GgufFile::open(path);
  const auto config = read_config(**file);
  QVERIFY(config.ok());
  const Placement placement = Placement::last_on_gpu(*config, config->layer_count(), Side::Gpu, Side::Cpu)
                                  .with_held_experts(config->layer_count() * 5, config->expert_count);
  const Backend* placed = nullptr;
  EngineOptions options{.threads = 1};
  options.wrap_backend = [&](std::unique_ptr<Backend> cpu) -> std::unique_ptr<Backend> {
    auto both = std::make_unique<PlacedBackend>(std::move(cpu), std::make_unique<CpuBackend>(1), placement);
    placed = both.get();
    return both;
  };
  const auto shared = Engine::open(path, options);
  QVERIFY(shared.ok());
  const std::vector<float> computed = evaluate(**shared);
  QCOMPARE(computed.size(), expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < computed.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(computed[i]) - static_cast<double>(expected[i])));
  QVERIFY2(largest < 1e-4, qPrintable(QString::number(largest)));
  // Every layer asks for four experts of each token.
  const DeviceWork work = placed->work();
  QCOMPARE(work.experts, std::uint64_t{kTokens} * config->layer_count() * 4);
  QVERIFY(work.held_experts > 0);
}

QTEST_GUILESS_MAIN(HeldExpertsTest)
#include "held_experts_test.moc"
