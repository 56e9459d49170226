#include <QtTest>

#include "engine/vulkan/vulkan.h"

using namespace facet::engine;

// Tests that need Vulkan, or something that not every device has, are left out where it is missing. Where Mesa's
// software device was installed for them, nothing may be missing.
class VulkanPresenceTest : public QObject {
  Q_OBJECT

 private slots:
  void the_software_device_can_do_what_tests_need();
};

void VulkanPresenceTest::the_software_device_can_do_what_tests_need() {
  if (!qEnvironmentVariableIsSet("FACET_EXPECTS_LAVAPIPE")) QSKIP("packaging/test.sh installs it and asks for this.");
  const auto devices = find_vulkan_devices("software");
  if (!devices.ok()) QFAIL(devices.error().message.c_str());
  const VulkanDevice& device = devices->front();
  QVERIFY2(device.integer_dot && device.float16 && device.storage_8_bit && device.storage_16_bit,
           describe(device).c_str());
}

QTEST_APPLESS_MAIN(VulkanPresenceTest)
#include "vulkan_presence_test.moc"
