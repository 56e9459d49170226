#include <QTest>
#include <cmath>

#include "engine/cpu/cpu_backend.h"
#include "engine/engine.h"
#include "engine/placed/placed_backend.h"
#include "forwarding_backend.h"
#include "logits_agreement.h"
#include "placements.h"
#include "reference_models.h"

using namespace facet;
using namespace facet::engine;
using placements::Case;
using reference_models::Model;
using reference_models::Prompt;

namespace {

// A model of which two CPU backends have a part each, or one has all of it.
struct Opened {
  std::unique_ptr<Engine> engine;
  PlacedBackend* placed = nullptr;
};

// A device that takes so many experts and no more.
class Unwilling : public forwarding_backend::ForwardingDevice {
 public:
  Unwilling(std::unique_ptr<DeviceBackend> inner, int willing)
      : ForwardingDevice(std::move(inner)), willing_(willing) {}

  Status replace_expert(const Weight& weight, std::uint32_t expert, std::span<const std::byte> rows) override {
    if (willing_-- <= 0) return Error{Error::Code::OutOfMemory, "There is no room."};
    return ForwardingDevice::replace_expert(weight, expert, rows);
  }

 private:
  int willing_;
};

Opened open(const Model& model, EngineOptions options, const Placement* placement = nullptr, int willing = 1 << 30) {
  Opened opened;
  options.threads = 2;
  const Products products = options.precision == Precision::Fast ? Products::Int8 : Products::Float32;
  if (placement != nullptr)
    options.wrap_backend = [&](std::unique_ptr<Backend> cpu) -> std::unique_ptr<Backend> {
      auto gpu = std::make_unique<Unwilling>(std::make_unique<CpuBackend>(1, products), willing);
      auto placed = std::make_unique<PlacedBackend>(std::move(cpu), std::move(gpu), *placement);
      opened.placed = placed.get();
      return placed;
    };
  auto engine = Engine::open(model.gguf.toStdString(), options);
  if (!engine.ok()) qFatal("%s", engine.error().message.c_str());
  opened.engine = std::move(engine).value();
  return opened;
}

void append_logits(const Sequence& sequence, std::vector<float>& logits) {
  for (std::size_t row = 0; row < sequence.logit_rows(); ++row)
    logits.insert(logits.end(), sequence.logits(row).begin(), sequence.logits(row).end());
}

// A conversation: the prompts in chunks, single tokens behind each, and a part of it taken back.
std::vector<float> converse(const Engine& engine, const Model& model, std::size_t chunk) {
  std::vector<float> logits;
  const auto sequence = engine.create_sequence();
  for (const Prompt& prompt : model.prompts) {
    if (!sequence->sync(prompt.tokens, {.chunk = chunk, .logit_rows = 5}).ok()) qFatal("sync");
    append_logits(*sequence, logits);
    for (std::size_t i = 0; i < 3; ++i) {
      if (!sequence->append(prompt.tokens[i % prompt.tokens.size()]).ok()) qFatal("append");
      append_logits(*sequence, logits);
    }
    const std::span<const Token> most = std::span(prompt.tokens).first(prompt.tokens.size() - 1);
    if (most.empty()) continue;
    if (!sequence->sync(most, {.chunk = chunk}).ok()) qFatal("sync");
    append_logits(*sequence, logits);
  }
  return logits;
}

struct Difference {
  double largest = 0;
  double root_mean_square = 0;
};

Difference difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size() || a.empty()) return {HUGE_VAL, HUGE_VAL};
  Difference found;
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double each = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(each <= found.largest)) found.largest = each;
    squares += each * each;
  }
  found.root_mean_square = std::sqrt(squares / static_cast<double>(a.size()));
  return found;
}

}  // namespace

// Whole models of which parts lie on two sides, both of them CPUs: the very bits of one CPU alone.
class PlacedModelTest : public QObject {
  Q_OBJECT

 private slots:
  void logits_are_those_of_one_backend_data() { models(); }
  void logits_are_those_of_one_backend();
  void fast_products_are_those_of_one_backend();
  void two_conversations_do_not_meet();
  void stream_crosses_over_once();
  void held_experts_change_no_more_than_an_order_of_sums_data();
  void held_experts_change_no_more_than_an_order_of_sums();
  void experts_that_do_not_come_are_not_missed();

 private:
  static void models() {
    QTest::addColumn<QString>("base");
    for (const QString& base : reference_models::all())
      QTest::newRow(qPrintable(base.section('/', -1))) << base;
  }
};

void PlacedModelTest::logits_are_those_of_one_backend() {
  QFETCH(QString, base);
  const Model model = reference_models::load(base);
  // With rings as small as they can be, everything is overwritten often.
  for (const std::uint32_t rewind : {0U, 3U}) {
    const Opened alone = open(model, {.rewind_length = rewind});
    const std::vector<float> expected = converse(*alone.engine, model, 0);
    for (const Case& placed : placements::all(placements::config_of(model.gguf.toStdString()))) {
      const Opened shared = open(model, {.rewind_length = rewind}, &placed.placement);
      for (const std::size_t chunk : {0, 5})
        QVERIFY2(converse(*shared.engine, model, chunk) == expected, placed.name.c_str());
    }
  }
}

void PlacedModelTest::fast_products_are_those_of_one_backend() {
  for (const char* name : {"e-q4_0", "moe-q4_k_m"}) {
    const Model model = reference_models::load(QString(FACET_TEST_DATA "/models/") + name);
    const EngineOptions options = {.precision = Precision::Fast, .cache_format = CacheFormat::Q8_0};
    const std::vector<float> expected = converse(*open(model, options).engine, model, 0);
    for (const Case& placed : placements::halves(placements::config_of(model.gguf.toStdString())))
      QVERIFY2(converse(*open(model, options, &placed.placement).engine, model, 0) == expected, placed.name.c_str());
  }
}

void PlacedModelTest::two_conversations_do_not_meet() {
  for (const char* name : {"e-q4_0", "moe-q4_k_m"}) {
    const Model model = reference_models::load(QString(FACET_TEST_DATA "/models/") + name);
    const Case placed = placements::halves(placements::config_of(model.gguf.toStdString())).front();
    const Opened shared = open(model, {}, &placed.placement);
    const auto logits = [&](bool in_turns) {
      std::vector<float> all;
      const auto first = shared.engine->create_sequence();
      const auto second = shared.engine->create_sequence();
      const std::vector<Token>& a = model.prompts.front().tokens;
      const std::vector<Token>& b = model.prompts.back().tokens;
      if (!first->sync(a).ok() || (in_turns && !second->sync(b).ok())) qFatal("sync");
      for (std::size_t i = 0; i < 5; ++i) {
        if (!first->append(a[i % a.size()]).ok() || (in_turns && !second->append(b[i % b.size()]).ok()))
          qFatal("append");
        append_logits(*first, all);
      }
      return all;
    };
    QVERIFY(logits(true) == logits(false));
  }
}

// With the last layers and the head on the other side, a token takes the stream and its norm across, and what the
// model has besides: its own inputs for the layers, and keys and values that layers behind read.
void PlacedModelTest::stream_crosses_over_once() {
  struct Expected {
    const char* model;
    std::uint64_t copies;
  };
  for (const Expected& expected : {Expected{"dense-f32", 2}, Expected{"moe-f32", 2}, Expected{"e-f32", 3}}) {
    const Model model = reference_models::load(QString(FACET_TEST_DATA "/models/") + expected.model);
    const ModelConfig config = placements::config_of(model.gguf.toStdString());
    std::uint64_t twins = 0;
    const Placement placement = Placement::last_on_gpu(config, config.layer_count() / 2, Side::Gpu, Side::Gpu);
    for (std::uint32_t i = 0; i < config.layer_count(); ++i)
      if (config.owns_kv(i) && placement.keeps_cache(Side::Cpu, i) && placement.keeps_cache(Side::Gpu, i)) twins += 2;
    const Opened shared = open(model, {}, &placement);
    const auto sequence = shared.engine->create_sequence();
    QVERIFY(sequence->sync(model.prompts.front().tokens).ok());
    const std::uint64_t before = shared.placed->copies_from(Side::Cpu);
    QVERIFY(sequence->append(7).ok());
    QCOMPARE(shared.placed->copies_from(Side::Cpu) - before, expected.copies + twins);
    QCOMPARE(shared.placed->copies_from(Side::Gpu), std::uint64_t{0});
  }
}

void PlacedModelTest::held_experts_change_no_more_than_an_order_of_sums_data() {
  QTest::addColumn<QByteArray>("name");
  QTest::addColumn<int>("precision");
  QTest::newRow("float32") << QByteArray("moe-f32") << static_cast<int>(Precision::Full);
  QTest::newRow("mixed formats") << QByteArray("moe-q4_k_m") << static_cast<int>(Precision::Full);
  QTest::newRow("eight bits") << QByteArray("moe-q4_k_m") << static_cast<int>(Precision::Fast);
}

// Few rows at a time, so that every piece asks both sides; then once more, with whatever has come until then.
void PlacedModelTest::held_experts_change_no_more_than_an_order_of_sums() {
  QFETCH(QByteArray, name);
  QFETCH(int, precision);
  const Model model = reference_models::load(QString(FACET_TEST_DATA "/models/") + name);
  const EngineOptions options = {.precision = static_cast<Precision>(precision)};
  const std::vector<float> expected = converse(*open(model, options).engine, model, 0);
  for (const Case& held : placements::held(placements::config_of(model.gguf.toStdString()))) {
    const Opened shared = open(model, options, &held.placement);
    for (const std::size_t chunk : {1, 3, 8, 0}) {
      const Difference found = difference(converse(*shared.engine, model, chunk), expected);
      // Of activations that are rounded to eight bits some are rounded the other way; that is less than all of it does.
      const bool is_near = precision == static_cast<int>(Precision::Fast)
                               ? found.root_mean_square <= model.prompts.front().eight_bit_difference
                               : found.largest <= logits_agreement::kLargest &&
                                     found.root_mean_square <= logits_agreement::kRootMeanSquare;
      QVERIFY2(is_near,
               qPrintable(QString("%1: %2, %3").arg(held.name.c_str()).arg(found.largest).arg(found.root_mean_square)));
    }
    const DeviceWork work = shared.placed->work();
    QVERIFY2(work.held_experts > 0, held.name.c_str());
    QVERIFY(work.held_experts < work.experts);
  }
}

// Nothing is said about it. The first one comes in part: its gates do and the rest does not.
void PlacedModelTest::experts_that_do_not_come_are_not_missed() {
  const Model model = reference_models::load(FACET_TEST_DATA "/models/moe-q4_k_m");
  const std::vector<float> expected = converse(*open(model, {}).engine, model, 0);
  const Case held = placements::held(placements::config_of(model.gguf.toStdString())).front();
  for (const int willing : {0, 1, 3}) {
    const Opened shared = open(model, {}, &held.placement, willing);
    for (const std::size_t chunk : {1, 0}) {
      const std::vector<float> logits = converse(*shared.engine, model, chunk);
      if (willing < 2)
        QVERIFY(logits == expected);
      else
        QVERIFY(difference(logits, expected).largest <= logits_agreement::kLargest);
    }
    const DeviceWork work = shared.placed->work();
    QVERIFY(work.experts > 0);
    QCOMPARE(work.held_experts > 0, willing == 3);
  }
}

QTEST_APPLESS_MAIN(PlacedModelTest)
#include "placed_model_test.moc"
