#include <QTest>

#include "engine/device_ladder.h"

using namespace facet::engine;
using namespace std::chrono_literals;

namespace {

Rung graphics(const char* name) {
  Rung rung;
  rung.device.emplace();
  rung.device->name = name;
  return rung;
}

}  // namespace

// When a device that was lost is tried again, and when it is not.
class DeviceLadderTest : public QObject {
  Q_OBJECT

 private slots:
  void init() { now_ = {}; }
  void the_third_loss_within_two_minutes_is_the_last();
  void losses_are_forgotten();
  void a_new_device_begins_anew();
  void the_cpu_needs_no_vulkan();

 private:
  DeviceLadder ladder() {
    return {{graphics("One"), graphics("Two"), Rung{}}, [this] { return now_; }};
  }
  std::chrono::steady_clock::time_point now_;
};

void DeviceLadderTest::the_third_loss_within_two_minutes_is_the_last() {
  DeviceLadder devices = ladder();
  QVERIFY(devices.forgives_loss());
  now_ += 60s;
  QVERIFY(devices.forgives_loss());
  now_ += 59s;
  QVERIFY(!devices.forgives_loss());
}

void DeviceLadderTest::losses_are_forgotten() {
  DeviceLadder devices = ladder();
  for (int i = 0; i < 100; ++i) {
    QVERIFY(devices.forgives_loss());
    now_ += 60s;
  }
  now_ -= 1s;
  QVERIFY(!devices.forgives_loss());
}

void DeviceLadderTest::a_new_device_begins_anew() {
  DeviceLadder devices = ladder();
  QVERIFY(devices.forgives_loss() && devices.forgives_loss() && !devices.forgives_loss());
  QCOMPARE(devices.next()->name(), "the graphics device 'Two'");
  devices.give_up();
  QCOMPARE(devices.current().name(), "the graphics device 'Two'");
  QVERIFY(devices.forgives_loss());
  devices.give_up();
  QCOMPARE(devices.current().name(), "the CPU");
  QVERIFY(devices.next() == nullptr);
}

void DeviceLadderTest::the_cpu_needs_no_vulkan() {
  for (const char* name : {"", "auto", "cpu"}) {
    const auto rungs = find_rungs(name, /*automatic=*/false);
    QVERIFY(rungs.ok());
    QCOMPARE(rungs->size(), 1U);
    QVERIFY(!rungs->front().device && rungs->front().is_asked_for);
  }
}

QTEST_APPLESS_MAIN(DeviceLadderTest)
#include "device_ladder_test.moc"
