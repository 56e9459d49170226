#include <QTemporaryDir>
#include <QtTest>

#include "engine/device_backend.h"
#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/placed/placed_backend.h"
#include "engine/vulkan/vulkan.h"
#include "tests/model/make_model.h"

using namespace facet;
using namespace facet::engine;

namespace {

// A loaded model and the devices inside, which the engine does not show.
struct Loaded {
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Sequence> sequence;
  const Backend* backend = nullptr;

  // Of the CPU or of the graphics device, whether or not both compute.
  const DeviceBackend& device(bool is_gpu) const {
    const auto* placed = dynamic_cast<const PlacedBackend*>(backend);
    const Backend& found = placed == nullptr ? *backend : placed->on(is_gpu ? Side::Gpu : Side::Cpu);
    return dynamic_cast<const DeviceBackend&>(found);
  }
};

// With the cache of one conversation.
Loaded load(const std::filesystem::path& path, EngineOptions options) {
  Loaded loaded;
  options.wrap_backend = [&](std::unique_ptr<Backend> inner) {
    loaded.backend = inner.get();
    return inner;
  };
  auto engine = Engine::open(path, options);
  if (!engine.ok()) qFatal("%s", engine.error().message.c_str());
  loaded.engine = std::move(engine).value();
  loaded.sequence = loaded.engine->create_sequence();
  const Token token = 5;
  if (!loaded.sequence->sync({&token, 1}).ok()) qFatal("sync");
  return loaded;
}

bool is_close(std::uint64_t planned, std::uint64_t taken) {
  return planned * 20 >= taken * 19 && planned * 20 <= taken * 21;
}

// Whether the plan says what the devices have given away.
void compare(const Loaded& loaded) {
  for (const DeviceMemory& planned : loaded.engine->memory().devices) {
    const std::uint64_t taken = loaded.device(planned.is_gpu).taken_bytes();
    QVERIFY2(is_close(planned.total_bytes, taken), qPrintable(QString("%1: %2 planned, %3 taken")
                                                                  .arg(QString::fromStdString(planned.device))
                                                                  .arg(planned.total_bytes)
                                                                  .arg(taken)));
    QCOMPARE(planned.weight_bytes + planned.cache_bytes + planned.activation_bytes + planned.working_bytes,
             planned.total_bytes);
  }
}

}  // namespace

// What is said about memory before loading, against what loading takes, device by device.
class VulkanMemoryTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void plans_are_what_is_taken_data();
  void plans_are_what_is_taken();
  void a_budget_is_kept();
  void held_experts_are_part_of_the_plan();
  void fit_says_what_loading_does();

 private:
  std::filesystem::path model(const QString& name);

  QTemporaryDir folder_;
  bool has_vulkan_ = false;
};

void VulkanMemoryTest::initTestCase() {
  has_vulkan_ = find_vulkan_devices("").ok();
}

// Real widths, few layers and a short vocabulary: some hundred megabytes.
std::filesystem::path VulkanMemoryTest::model(const QString& name) {
  const std::filesystem::path path = folder_.filePath(name + ".gguf").toStdString();
  if (std::filesystem::exists(path)) return path;
  const bool is_wide = !name.startsWith("tiny-");
  model_maker::ModelShape shape = *model_maker::find_shape(name.toStdString(), is_wide ? 8 : 0);
  if (is_wide) shape.vocabulary_size = 8192;
  const Status made = model_maker::make_model({shape, *model_maker::find_file_type("q4_0")}, path);
  if (!made.ok()) qFatal("%s", made.error().message.c_str());
  return path;
}

void VulkanMemoryTest::plans_are_what_is_taken_data() {
  QTest::addColumn<QString>("name");
  QTest::addColumn<int>("layers");
  for (const char* name : {"tiny-E2B", "tiny-12B", "tiny-26B-A4B", "E2B"})
    for (const int layers : {0, 3, 100})
      QTest::newRow(qPrintable(QString("%1, %2 layers").arg(name).arg(layers))) << QString(name) << layers;
}

void VulkanMemoryTest::plans_are_what_is_taken() {
  QFETCH(QString, name);
  QFETCH(int, layers);
  if (layers > 0 && !has_vulkan_) QSKIP("no Vulkan device");
  for (const CacheFormat cache : {CacheFormat::F32, CacheFormat::F16, CacheFormat::Q8_0}) {
    // One format is enough for what takes long.
    if (name == "E2B" && cache != CacheFormat::F16) continue;
    EngineOptions options = {.context_length = 4096, .cache_format = cache};
    options.backend = has_vulkan_ ? "vulkan" : "cpu";
    options.gpu_layers = static_cast<std::uint32_t>(layers);
    compare(load(model(name), options));
    if (QTest::currentTestFailed()) return;
  }
}

// As many layers as fit, and what is taken fits.
void VulkanMemoryTest::a_budget_is_kept() {
  if (!has_vulkan_) QSKIP("no Vulkan device");
  const std::filesystem::path path = model("E2B");
  std::uint32_t fewer = 0;
  for (const std::uint64_t megabytes : {110, 160, 400}) {
    EngineOptions options = {.backend = "vulkan", .gpu_memory_bytes = megabytes * 1'000'000, .context_length = 2048};
    const Loaded loaded = load(path, options);
    const DeviceMemory gpu = loaded.engine->memory().devices.front();
    QVERIFY(gpu.is_gpu);
    QVERIFY2(gpu.layers > fewer, qPrintable(QString("%1 layers with %2 MB").arg(gpu.layers).arg(megabytes)));
    fewer = gpu.layers;
    QVERIFY(loaded.device(/*is_gpu=*/true).taken_bytes() <= options.gpu_memory_bytes);
    // As many conversations as the plan allows, of which one is there.
    std::vector<std::unique_ptr<Sequence>> more;
    while (more.size() + 1 < std::min<std::uint64_t>(loaded.engine->memory().sequences, 4)) {
      more.push_back(loaded.engine->create_sequence());
      const Token token = 6;
      QVERIFY(more.back()->sync({&token, 1}).ok());
    }
    QVERIFY(is_close(std::max(loaded.device(true).taken_bytes(), options.gpu_memory_bytes), options.gpu_memory_bytes));
  }
}

// Experts that are large enough for single ones to matter: 28 MB of them in a layer.
void VulkanMemoryTest::held_experts_are_part_of_the_plan() {
  if (!has_vulkan_) QSKIP("no Vulkan device");
  const std::filesystem::path path = folder_.filePath("large-experts.gguf").toStdString();
  model_maker::ModelShape shape = *model_maker::find_shape("tiny-26B-A4B");
  shape.expert_count = 32;
  shape.expert_ffn_width = 2048;
  QVERIFY(model_maker::make_model({shape, *model_maker::find_file_type("q4_0")}, path).ok());
  const auto file = GgufFile::open(path);
  QVERIFY(file.ok());
  // Room for a second conversation and a dozen experts behind those of whole layers.
  EngineOptions none = {.backend = "vulkan", .gpu_memory_bytes = 112'000'000, .context_length = 256};
  none.gpu_expert_bytes = 0;
  const auto without = fit_model(**file, none);
  QVERIFY(without.ok());
  const DeviceMemory alone = without->memory.devices.front();
  const std::uint64_t budget = alone.total_bytes + alone.cache_bytes + 12'000'000;
  struct Case {
    std::optional<std::uint64_t> wanted;
    bool has_whole_layers;
  };
  for (const Case& each : {Case{{}, true}, {30'000'000, true}, {400'000'000, false}, {0, true}}) {
    EngineOptions options = {.backend = "vulkan", .gpu_memory_bytes = budget, .context_length = 256};
    options.gpu_expert_bytes = each.wanted;
    const Loaded loaded = load(path, options);
    compare(loaded);
    if (QTest::currentTestFailed()) return;
    const DeviceMemory gpu = loaded.engine->memory().devices.front();
    QVERIFY(gpu.is_gpu);
    QCOMPARE(gpu.layers, 6U);
    QCOMPARE(gpu.expert_layers > 0, each.has_whole_layers);
    QCOMPARE(gpu.held_experts > 0, each.wanted != 0U);
    QVERIFY(gpu.held_experts < 6 * 32);
    QVERIFY(loaded.device(/*is_gpu=*/true).taken_bytes() <= options.gpu_memory_bytes);
    const auto report = fit_model(**file, options);
    QVERIFY(report.ok() && report->fits);
    QCOMPARE(report->experts, std::uint64_t{6 * 32});
    QCOMPARE(report->memory.devices.front().held_experts, gpu.held_experts);
    // They make way for a longer context.
    QVERIFY(report->largest_context > 256);
    // And they are used, in the room that they have.
    for (Token token = 0; token < 20; ++token)
      QVERIFY(loaded.sequence->append(token).ok());
    QCOMPARE(loaded.backend->work().held_experts > 0, gpu.held_experts > 0);
    compare(loaded);
    if (QTest::currentTestFailed()) return;
  }
}

void VulkanMemoryTest::fit_says_what_loading_does() {
  if (!has_vulkan_) QSKIP("no Vulkan device");
  const std::filesystem::path path = model("tiny-26B-A4B");
  EngineOptions options = {.backend = "vulkan", .gpu_layers = 3, .gpu_memory_bytes = 60'000'000, .context_length = 512};
  const auto file = GgufFile::open(path);
  QVERIFY(file.ok());
  const auto report = fit_model(**file, options);
  QVERIFY(report.ok() && report->fits);
  QCOMPARE(report->context, 512U);
  const Loaded loaded = load(path, options);
  const std::vector<DeviceMemory>& devices = loaded.engine->memory().devices;
  QCOMPARE(report->memory.devices.size(), devices.size());
  for (std::size_t i = 0; i < devices.size(); ++i)
    QCOMPARE(report->memory.devices[i].total_bytes, devices[i].total_bytes);
  // The longest context is one that fits, and the next one does not.
  QVERIFY(report->largest_context > 512 && report->largest_context <= 4096);
  options.context_length = report->largest_context;
  QVERIFY(load(path, options).device(true).taken_bytes() <= options.gpu_memory_bytes);
}

QTEST_GUILESS_MAIN(VulkanMemoryTest)
#include "vulkan_memory_test.moc"
