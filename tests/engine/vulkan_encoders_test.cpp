#include <QTest>

#include "engine/vulkan/vulkan.h"
#include "engine/vulkan/vulkan_backend.h"
#include "reference_projectors.h"

using namespace facet;
using namespace facet::engine;
using facet::engine::vulkan::VulkanBackend;

// The same as encoders_test.cpp on the machine's best Vulkan device, a software one included.
class VulkanEncodersTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void pictures_agree_data() { reference_projectors::add_rows(); }
  void pictures_agree();
  void sounds_agree_data() { reference_projectors::add_rows(); }
  void sounds_agree();

 private:
  static std::shared_ptr<VulkanBackend> device() {
    auto opened = VulkanBackend::open("");
    if (!opened.ok()) qFatal("%s", opened.error().message.c_str());
    return std::move(opened).value();
  }
};

void VulkanEncodersTest::initTestCase() {
  if (const auto devices = find_vulkan_devices(""); !devices.ok()) QSKIP(devices.error().message.c_str());
}

void VulkanEncodersTest::pictures_agree() {
  QFETCH(QString, base);
  reference_projectors::pictures_agree(base, device(), /*most_patches=*/1000);
}

void VulkanEncodersTest::sounds_agree() {
  QFETCH(QString, base);
  reference_projectors::sounds_agree(base, device(), /*most_samples=*/30000);
}

QTEST_APPLESS_MAIN(VulkanEncodersTest)
#include "vulkan_encoders_test.moc"
