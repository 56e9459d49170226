#include <QTest>
#include <cmath>

#include "engine/engine.h"
#include "engine/placed/placed_backend.h"
#include "engine/vulkan/vulkan.h"
#include "logits_agreement.h"
#include "placements.h"
#include "reference_models.h"

using namespace facet;
using namespace facet::engine;
using placements::Case;
using reference_models::Model;
using reference_models::Prompt;

namespace {

std::unique_ptr<Engine> must(Result<std::unique_ptr<Engine>> engine) {
  if (!engine.ok()) qFatal("%s", engine.error().message.c_str());
  return std::move(engine).value();
}

// The CPU and the machine's best Vulkan device, each with its part of the model.
std::unique_ptr<Engine> open(const Model& model, const Placement& placement, EngineOptions options = {}) {
  options.wrap_backend = [&](std::unique_ptr<Backend> cpu) -> std::unique_ptr<Backend> {
    auto gpu = open_vulkan("");
    if (!gpu.ok()) qFatal("%s", gpu.error().message.c_str());
    return std::make_unique<PlacedBackend>(std::move(cpu), std::move(gpu).value(), placement);
  };
  return must(Engine::open(model.gguf.toStdString(), options));
}

std::vector<Case> cases_of(const std::string& path) {
  const ModelConfig config = placements::config_of(path);
  std::vector<Case> cases = placements::halves(config);
  if (config.expert_count == 0) return cases;
  for (Case& held : placements::held(config))
    cases.push_back(std::move(held));
  return cases;
}

std::vector<float> evaluate(const Engine& engine, const Prompt& prompt, std::size_t chunk, std::size_t rows) {
  const auto sequence = engine.create_sequence();
  const auto synced = sequence->sync(prompt.tokens, {.chunk = chunk, .logit_rows = rows});
  if (!synced.ok()) qFatal("%s", synced.error().message.c_str());
  std::vector<float> logits;
  for (std::size_t row = 0; row < sequence->logit_rows(); ++row)
    logits.insert(logits.end(), sequence->logits(row).begin(), sequence->logits(row).end());
  return logits;
}

double root_mean_square(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size() || a.empty()) return HUGE_VAL;
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    squares += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  return std::sqrt(squares / static_cast<double>(a.size()));
}

}  // namespace

// Models of which the CPU has a part and a Vulkan device another: as close to the reference as either alone has to be.
class VulkanPlacedTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void logits_agree_data();
  void logits_agree();
  void small_caches_are_the_same_on_both_sides();
  void options_place_the_last_layers();
  void too_many_layers_for_the_memory_are_refused();
};

void VulkanPlacedTest::initTestCase() {
  const auto backend = open_vulkan("");
  // A device that is there must open.
  if (const auto devices = find_vulkan_devices(""); !devices.ok()) QSKIP(devices.error().message.c_str());
  if (!backend.ok()) QFAIL(backend.error().message.c_str());
  qInfo("%s", (*backend)->description().c_str());
}

void VulkanPlacedTest::logits_agree_data() {
  QTest::addColumn<QString>("base");
  QTest::addColumn<int>("number");
  for (const QString& base : reference_models::in_test_data()) {
    const std::vector<Case> cases = cases_of(base.toStdString() + ".gguf");
    for (std::size_t i = 0; i < cases.size(); ++i)
      QTest::newRow(qPrintable(base.section('/', -1) + ", " + QString::fromStdString(cases[i].name)))
          << base << static_cast<int>(i);
  }
}

// All prompts at once, and the last one in pieces with single tokens behind them.
void VulkanPlacedTest::logits_agree() {
  QFETCH(QString, base);
  QFETCH(int, number);
  const Model model = reference_models::load(base);
  const std::vector<Case> cases = cases_of(model.gguf.toStdString());
  const auto engine = open(model, cases[static_cast<std::size_t>(number)].placement);
  // In one piece, and in pieces of which both sides compute some experts, where the device holds any.
  for (const std::size_t chunk : {0, 6, 1}) {
    if (chunk > 0 && cases[static_cast<std::size_t>(number)].name.find("held") == std::string::npos) continue;
    for (const Prompt& prompt : model.prompts) {
      const std::vector<float> logits = evaluate(*engine, prompt, chunk, prompt.logit_positions.size());
      if (const QString fault = logits_agreement::disagreement(logits, prompt); !fault.isEmpty())
        QFAIL(qPrintable(fault));
    }
  }
  const Prompt& prompt = model.prompts.back();
  const auto sequence = engine->create_sequence();
  const std::span<const Token> tokens(prompt.tokens);
  const std::size_t single = std::min<std::size_t>(3, tokens.size() - 1);
  QVERIFY(sequence->sync(tokens.first(tokens.size() - single), {.chunk = 7}).ok());
  for (const Token token : tokens.last(single))
    QVERIFY(sequence->append(token).ok());
  const std::vector<float> whole = evaluate(*engine, prompt, 0, 1);
  const std::vector<float> pieces(sequence->last_logits().begin(), sequence->last_logits().end());
  const double difference = root_mean_square(whole, pieces);
  if (!(difference <= 2 * logits_agreement::kRootMeanSquare)) QFAIL(qPrintable(QString::number(difference)));
}

// Keys that are kept on both sides are rounded by both: the model with shared keys, its sources in front of the border.
void VulkanPlacedTest::small_caches_are_the_same_on_both_sides() {
  const Model model = reference_models::load(FACET_TEST_DATA "/models/e-q4_0");
  const Prompt& prompt = model.prompts.back();
  const ModelConfig config = placements::config_of(model.gguf.toStdString());
  const Placement placement = Placement::last_on_gpu(config, config.layer_count() / 2, Side::Gpu, Side::Gpu);
  for (const CacheFormat cache : {CacheFormat::F16, CacheFormat::Q8_0}) {
    const EngineOptions options = {.precision = Precision::Full, .cache_format = cache};
    const auto cpu = must(Engine::open(model.gguf.toStdString(), options));
    const double difference =
        root_mean_square(evaluate(*cpu, prompt, 0, 4), evaluate(*open(model, placement, options), prompt, 0, 4));
    // A value next to the middle between two codes may be rounded either way: a few codes of many differ.
    const double allowed = cache == CacheFormat::F16 ? 1e-3 : 1e-2;
    if (!(difference <= allowed)) QFAIL(qPrintable(QString::number(difference)));
  }
}

void VulkanPlacedTest::options_place_the_last_layers() {
  for (const char* name : {"e-q4_0", "moe-q4_k_m"}) {
    const Model model = reference_models::load(QString(FACET_TEST_DATA "/models/") + name);
    const std::uint32_t all = placements::config_of(model.gguf.toStdString()).layer_count();
    for (const std::uint32_t count : {0U, 1U, all, all + 50}) {
      const auto engine = must(Engine::open(model.gguf.toStdString(), {.backend = "vulkan", .gpu_layers = count}));
      const std::vector<DeviceMemory>& devices = engine->memory().devices;
      QCOMPARE(devices.size(), count == 1 ? std::size_t{2} : std::size_t{1});
      QCOMPARE(devices.front().is_gpu, count != 0);
      QCOMPARE(devices.front().layers, count == 0 ? all : std::min(count, all));
      const Prompt& prompt = model.prompts.front();
      const std::vector<float> logits = evaluate(*engine, prompt, 0, prompt.logit_positions.size());
      QCOMPARE(logits_agreement::disagreement(logits, prompt), QString());
    }
  }
}

void VulkanPlacedTest::too_many_layers_for_the_memory_are_refused() {
  const Model model = reference_models::load(FACET_TEST_DATA "/models/dense-f32");
  EngineOptions options = {.backend = "vulkan", .gpu_layers = 2, .gpu_memory_bytes = 1'000'000};
  const auto refused = Engine::open(model.gguf.toStdString(), options);
  QVERIFY(!refused.ok());
  QCOMPARE(refused.error().code, Error::Code::OutOfMemory);
  QVERIFY2(refused.error().message.starts_with("2 layers need "), refused.error().message.c_str());
  // Without a wish, the CPU takes what does not fit.
  options.gpu_layers.reset();
  const auto engine = must(Engine::open(model.gguf.toStdString(), options));
  QCOMPARE(engine->memory().devices.size(), std::size_t{1});
  QVERIFY(engine->device().starts_with("CPU"));
}

QTEST_APPLESS_MAIN(VulkanPlacedTest)
#include "vulkan_placed_test.moc"
