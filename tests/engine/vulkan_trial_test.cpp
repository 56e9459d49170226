#include <QTest>

#include "engine/cpu/cpu_backend.h"
#include "engine/gguf/gguf_file.h"
#include "engine/trial/cost_trial.h"
#include "engine/trial/kernel_trial.h"
#include "engine/trial/kernel_use.h"
#include "engine/vulkan/vulkan.h"
#include "vulkan_faults.h"

using namespace facet;
using namespace facet::engine;

namespace {

KernelUse use_of(const char* model, Format cache) {
  const auto file = GgufFile::open(std::string(FACET_TEST_DATA "/models/") + model + ".gguf");
  if (!file.ok()) qFatal("%s", file.error().message.c_str());
  const auto config = read_config(**file);
  if (!config.ok()) qFatal("%s", config.error().message.c_str());
  return kernel_use(**file, *config, cache);
}

// Little of everything.
KernelUse small_use() {
  KernelUse use;
  use.products = {{Format::F32, 64}, {Format::Q4_0, 96}};
  use.experts = {{Format::Q4_K, 256}};
  use.heads = {{4, 2, 16, 8}, {4, 1, 32, 0}};
  use.cache = Format::F16;
  use.width = 48;
  use.expert_count = 6;
  use.experts_used = 2;
  use.encoders = true;
  return use;
}

enum class Part { Heads, Products, HeadProducts, Experts, Encoders };

KernelUse part_of(KernelUse use, Part part) {
  if (part == Part::HeadProducts) {
    use.heads.resize(1);
    use.products.resize(1);
  } else {
    if (part != Part::Heads) use.heads.clear();
    if (part != Part::Products) use.products.clear();
  }
  if (part != Part::Experts) use.expert_count = 0;
  if (part != Part::Experts) use.experts.clear();
  use.encoders = part == Part::Encoders;
  return use;
}

}  // namespace

// The self-test of a device: it passes what computes right, and nothing else.
class VulkanTrialTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void cleanup() { faults_->disarm(); }
  void says_what_a_model_uses();
  void every_form_passes_data();
  void every_form_passes();
  void the_cpu_passes();
  void a_dropped_dispatch_is_noticed_data();
  void a_dropped_dispatch_is_noticed();
  void a_failed_call_is_reported();
  void abilities_are_measured_data();
  void abilities_are_measured();
  void a_device_that_fails_while_it_is_measured_is_reported();

 private:
  const fault_layer::Control* faults_ = nullptr;
};

void VulkanTrialTest::initTestCase() {
  faults_ = &vulkan_faults::install();
  const auto devices = find_vulkan_devices("");
  if (!devices.ok()) QSKIP(devices.error().message.c_str());
}

void VulkanTrialTest::says_what_a_model_uses() {
  const std::string text = describe(use_of("moe-q4_k_m", Format::F16));
  for (const char* word : {"Q4_K", "Q6_K", "F32", "experts", "window", "cache F16"})
    QVERIFY2(text.find(word) != std::string::npos, text.c_str());
  QCOMPARE(describe(use_of("moe-q4_k_m", Format::F16)), text);
  QVERIFY(describe(use_of("moe-q4_k_m", Format::F32)) != text);
  QVERIFY(describe(use_of("dense-q4_k_m", Format::F16)).find("experts") == std::string::npos);
}

void VulkanTrialTest::every_form_passes_data() {
  QTest::addColumn<QString>("form");
  QTest::addColumn<QByteArray>("model");
  QTest::addColumn<int>("cache");
  const auto row = [](const std::string& form, const char* model, Format cache) {
    QTest::addRow("%s %s", form.c_str(), model)
        << QString::fromStdString(form) << QByteArray(model) << static_cast<int>(cache);
  };
  VulkanDevice device = find_vulkan_devices("").value().front();
  // Forms that would not be faster on a software device compute right on it all the same.
  device.fast_integer_dot = device.integer_dot;
  device.kind = VulkanDevice::Kind::Other;
  for (const std::string& form : vulkan_forms(device, /*may_round=*/true))
    row(form, "moe-q4_k_m", Format::F16);
  row("floats", "e-q4_0", Format::Q8_0);
  row("plain", "e-realheads-bf16", Format::F32);
}

void VulkanTrialTest::every_form_passes() {
  QFETCH(QString, form);
  QFETCH(QByteArray, model);
  QFETCH(int, cache);
  const auto backend = open_vulkan("", form.toStdString());
  QVERIFY2(backend.ok(), backend.ok() ? "" : backend.error().message.c_str());
  const Status tried =
      try_kernels(**backend, use_of(model, static_cast<Format>(cache)), vulkan_product_tolerance(form.toStdString()));
  QVERIFY2(tried.ok(), tried.ok() ? "" : tried.error().message.c_str());
}

void VulkanTrialTest::the_cpu_passes() {
  CpuBackend backend(2);
  for (const Format cache : {Format::F32, Format::F16, Format::Q8_0}) {
    const Status tried = try_kernels(backend, use_of("moe-f32", cache));
    QVERIFY2(tried.ok(), tried.ok() ? "" : tried.error().message.c_str());
  }
}

void VulkanTrialTest::a_dropped_dispatch_is_noticed_data() {
  QTest::addColumn<QString>("form");
  QTest::addColumn<int>("part");
  QTest::addColumn<std::uint64_t>("step");
  const std::pair<const char*, Part> parts[] = {{"heads", Part::Heads},
                                                {"products", Part::Products},
                                                {"heads of products", Part::HeadProducts},
                                                {"experts", Part::Experts},
                                                {"encoders", Part::Encoders}};
  // Every one of the kernels that most devices use, and some of the others.
  for (const std::string form : {"floats", "plain"})
    for (const auto& [name, part] : parts)
      QTest::addRow("%s, %s", form.c_str(), name) << QString::fromStdString(form) << static_cast<int>(part)
                                                  << (form == "floats" ? std::uint64_t{1} : std::uint64_t{5});
}

// A driver that leaves a kernel out, whichever it is, and says nothing.
void VulkanTrialTest::a_dropped_dispatch_is_noticed() {
  QFETCH(QString, form);
  const auto backend = open_vulkan("", form.toStdString());
  QVERIFY(backend.ok());
  QFETCH(int, part);
  QFETCH(std::uint64_t, step);
  const KernelUse use = part_of(small_use(), static_cast<Part>(part));
  // How much a kernel is given at once depends on the speed measured so far, and the first run compiles the kernels.
  QVERIFY(try_kernels(**backend, use).ok());
  const std::uint64_t before = faults_->calls("vkCmdDispatch");
  QVERIFY(try_kernels(**backend, use).ok());
  const std::uint64_t dispatches = faults_->calls("vkCmdDispatch") - before;
  QVERIFY(dispatches > 20);
  for (std::uint64_t n = 1; n <= dispatches; n += step) {
    QVERIFY(faults_->arm("vkCmdDispatch", n, fault_layer::kDropped, 1));
    const std::uint64_t start = faults_->calls("vkCmdDispatch");
    const Status tried = try_kernels(**backend, use);
    if (faults_->struck() == 0 && n > 20) {
      // Found to be faster in the meantime, the device is given more at once: this time there were not so many.
      QVERIFY(tried.ok() && faults_->calls("vkCmdDispatch") - start < n);
      faults_->disarm();
      break;
    }
    QCOMPARE(faults_->struck(), 1U);
    QVERIFY2(!tried.ok(), qPrintable(QString("dispatch %1 of %2").arg(n).arg(dispatches)));
    QCOMPARE(tried.error().code, Error::Code::Unsupported);
    QVERIFY2(tried.error().message.find("it computes wrong (") == 0, tried.error().message.c_str());
    faults_->disarm();
  }
}

void VulkanTrialTest::a_failed_call_is_reported() {
  for (const int result : {fault_layer::kDeviceLost, fault_layer::kOutOfHostMemory}) {
    const auto backend = open_vulkan("");
    QVERIFY(backend.ok());
    QVERIFY(faults_->arm("vkQueueSubmit", 20, result, 1));
    const Status tried = try_kernels(**backend, small_use());
    QVERIFY(!tried.ok());
    QCOMPARE(tried.error().code,
             result == fault_layer::kDeviceLost ? Error::Code::DeviceLost : Error::Code::OutOfMemory);
  }
}

void VulkanTrialTest::abilities_are_measured_data() {
  QTest::addColumn<QByteArray>("model");
  for (const char* model : {"e-q4_0", "moe-q4_k_m", "dense-f32"})
    QTest::newRow(model) << QByteArray(model);
}

// Whatever they are: no test waits for a device to be fast.
void VulkanTrialTest::abilities_are_measured() {
  QFETCH(QByteArray, model);
  const auto file = GgufFile::open(std::string(FACET_TEST_DATA "/models/") + model.data() + ".gguf");
  QVERIFY(file.ok());
  const auto config = read_config(**file);
  QVERIFY(config.ok());
  const auto device = open_vulkan("");
  QVERIFY(device.ok());
  for (const Products products : {Products::Float32, Products::Int8}) {
    CpuBackend cpu(2, products);
    const auto measured = measure_ability(**file, *config, **device, cpu);
    QVERIFY2(measured.ok(), measured.ok() ? "" : measured.error().message.c_str());
    QVERIFY(measured->is_known());
    QVERIFY(speedup(*measured, 1) > 0);
  }
}

void VulkanTrialTest::a_device_that_fails_while_it_is_measured_is_reported() {
  const auto file = GgufFile::open(FACET_TEST_DATA "/models/e-q4_0.gguf");
  QVERIFY(file.ok());
  const auto config = read_config(**file);
  const auto device = open_vulkan("");
  QVERIFY(device.ok());
  CpuBackend cpu(1);
  faults_->arm("vkQueueSubmit", 5, fault_layer::kDeviceLost, 1);
  const auto measured = measure_ability(**file, *config, **device, cpu);
  QVERIFY(!measured.ok());
  QCOMPARE(measured.error().code, Error::Code::DeviceLost);
}

QTEST_APPLESS_MAIN(VulkanTrialTest)
#include "vulkan_trial_test.moc"
