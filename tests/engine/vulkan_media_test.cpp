#include <QTest>

#include "engine/placed/placed_backend.h"
#include "engine/vulkan/vulkan.h"
#include "media_agreement.h"

using namespace facet;
using namespace facet::engine;

// Whole models that see and hear on the machine's best Vulkan device, all of them or a part.
class VulkanMediaTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void given_rows_agree_data() { reference_conversations::add_rows(); }
  void given_rows_agree();
  void logits_agree_data() { media_agreement::add_rows(); }
  void logits_agree();
  void a_part_of_the_layers_agrees_data() { media_agreement::add_rows(); }
  void a_part_of_the_layers_agrees();
  void memory_is_what_was_planned();
};

void VulkanMediaTest::initTestCase() {
  if (const auto devices = find_vulkan_devices(""); !devices.ok()) QSKIP(devices.error().message.c_str());
}

void VulkanMediaTest::given_rows_agree() {
  QFETCH(int, number);
  reference_conversations::logits_agree(number, {.backend = "vulkan"});
}

void VulkanMediaTest::logits_agree() {
  QFETCH(int, number);
  media_agreement::agrees(number, {.backend = "vulkan"});
}

void VulkanMediaTest::a_part_of_the_layers_agrees() {
  QFETCH(int, number);
  media_agreement::agrees(number, {.backend = "vulkan", .gpu_layers = 1});
}

// With the encoders on the device, and on the CPU beside layers that are on the device.
void VulkanMediaTest::memory_is_what_was_planned() {
  for (const std::uint32_t layers : {100U, 1U}) {
    const Backend* backend = nullptr;
    EngineOptions options{.backend = "vulkan", .gpu_layers = layers};
    options.projector = FACET_TEST_DATA "/models/mmproj-e-bf16.gguf";
    options.wrap_backend = [&](std::unique_ptr<Backend> inner) {
      backend = inner.get();
      return inner;
    };
    const auto engine = reference_conversations::open(FACET_TEST_DATA "/models/e-f32.gguf", options);
    const auto sequence = engine->create_sequence();
    QVERIFY(sequence->append(5).ok());
    const auto* placed = dynamic_cast<const PlacedBackend*>(backend);
    for (const DeviceMemory& planned : engine->memory().devices) {
      QCOMPARE(planned.has_encoders, planned.is_gpu == (layers > 1));
      const Backend& device = placed == nullptr ? *backend : placed->on(planned.is_gpu ? Side::Gpu : Side::Cpu);
      const auto taken = static_cast<double>(dynamic_cast<const DeviceBackend&>(device).taken_bytes());
      const auto expected = static_cast<double>(planned.total_bytes);
      QVERIFY2(std::abs(taken - expected) <= 0.05 * taken,
               qPrintable(QString("%1 planned, %2 taken").arg(expected).arg(taken)));
    }
  }
}

QTEST_APPLESS_MAIN(VulkanMediaTest)
#include "vulkan_media_test.moc"
