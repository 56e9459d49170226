#include "engine/trial/ability.h"

#include <QTest>
#include <cmath>
#include <limits>

#include "engine/device_ladder.h"

using namespace facet::engine;

namespace {

// As fast as the CPU, or so many times as fast.
Ability times_as_fast(double factor) {
  return {{0.01 / factor, 0.001 / factor}, {0.01, 0.001}};
}

Rung device(const char* name, const Ability& ability, double part = 1) {
  Rung rung;
  rung.device.emplace();
  rung.device->name = name;
  rung.is_asked_for = true;
  rung.verdict = DeviceVerdict{"plain", "", true, ability};
  rung.part = part;
  return rung;
}

Rung refused(const char* name) {
  Rung rung = device(name, times_as_fast(100));
  rung.verdict->form.clear();
  rung.verdict->reason = "it computes wrong";
  return rung;
}

// One that was not tried, because it is slower than the CPU.
Rung slow_and_untried(const char* name) {
  Rung rung = device(name, times_as_fast(0.1));
  rung.verdict->form.clear();
  return rung;
}

Rung stand_in(const char* name) {
  Rung rung = device(name, {});
  rung.verdict.reset();
  rung.is_asked_for = false;
  return rung;
}

Rung cpu() {
  return Rung{};
}

QStringList names(const std::vector<Rung>& rungs) {
  QStringList all;
  for (const Rung& rung : rungs)
    all += rung.device ? QString::fromStdString(rung.device->name) : QString("CPU");
  return all;
}

}  // namespace

// Which device computes a model, by nothing but figures.
class AbilityTest : public QObject {
  Q_OBJECT

 private slots:
  void speedup_is_that_of_a_turn();
  void what_is_no_time_is_not_known();
  void devices_come_in_the_order_of_what_they_can_do();
  void says_what_was_measured();
};

void AbilityTest::speedup_is_that_of_a_turn() {
  QCOMPARE(speedup(times_as_fast(1), 1), 1.0);
  QCOMPARE(speedup(times_as_fast(8), 1), 8.0);
  QCOMPARE(speedup(times_as_fast(0.25), 1), 0.25);
  // Half of it on a device that takes no time at all is still half of the time.
  QVERIFY(std::abs(speedup(times_as_fast(1e9), 0.5) - 2) < 1e-6);
  QCOMPARE(speedup(times_as_fast(8), 0), 1.0);
  // 400 tokens read and 150 answered: 0.4 s and 1.5 s on the CPU, so slow answers outweigh fast reading, and the other
  // way round only a little.
  QVERIFY(std::abs(speedup({{0.02, 0.0001}, {0.01, 0.001}}, 1) - 1.9 / 3.04) < 1e-9);
  QVERIFY(std::abs(speedup({{0.005, 0.002}, {0.01, 0.001}}, 1) - 1.9 / 1.55) < 1e-9);
}

void AbilityTest::what_is_no_time_is_not_known() {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  for (const double odd : {0.0, -1.0, kNaN, HUGE_VAL}) {
    for (int place = 0; place < 4; ++place) {
      double seconds[4] = {0.01, 0.001, 0.01, 0.001};
      seconds[place] = odd;
      const Ability ability = {{seconds[0], seconds[1]}, {seconds[2], seconds[3]}};
      QVERIFY(!ability.is_known());
      QCOMPARE(speedup(ability, 1), 0.0);
    }
  }
  QVERIFY(times_as_fast(1).is_known());
}

void AbilityTest::devices_come_in_the_order_of_what_they_can_do() {
  struct Row {
    std::vector<Rung> rungs;
    bool automatic;
    QStringList expected;
  };
  const Ability fast = times_as_fast(10);
  const Ability slow = times_as_fast(0.4);
  const Row rows[] = {
      {{device("a", slow), cpu()}, true, {"CPU"}},
      {{device("a", slow), cpu()}, false, {"a", "CPU"}},
      {{device("a", {}), cpu()}, true, {"CPU"}},
      {{device("a", times_as_fast(2)), device("b", fast), cpu()}, true, {"b", "a", "CPU"}},
      {{device("a", slow), device("b", fast), device("c", {}), cpu()}, true, {"b", "CPU"}},
      {{device("a", {}), device("b", slow), device("c", fast), cpu()}, false, {"c", "b", "a", "CPU"}},
      // Five times as fast with room for all beats ten times as fast with room for a half.
      {{device("a", fast, 0.5), device("b", times_as_fast(5)), cpu()}, true, {"b", "a", "CPU"}},
      {{device("a", fast, 0.95), device("b", times_as_fast(5)), cpu()}, true, {"a", "b", "CPU"}},
      // As fast as the other is no reason to change places.
      {{device("a", fast), device("b", fast), cpu()}, true, {"a", "b", "CPU"}},
      {{device("a", fast), refused("b"), cpu()}, true, {"b", "a", "CPU"}},
      {{refused("a"), cpu()}, true, {"a", "CPU"}},
      {{slow_and_untried("a"), device("b", fast), cpu()}, true, {"b", "CPU"}},
      {{device("a", slow), device("b", fast), stand_in("c"), cpu()}, false, {"b", "a", "c", "CPU"}},
      {{cpu()}, true, {"CPU"}},
  };
  for (const Row& row : rows)
    QCOMPARE(names(by_ability(row.rungs, row.automatic)), row.expected);
}

void AbilityTest::says_what_was_measured() {
  QCOMPARE(QString::fromStdString(describe(Ability{{0.012345, 0.001}, {0.05, 0.0042}})),
           QString("decodes in 12.35 ms and reads in 1.00 ms a token, the CPU in 50.00 ms and 4.20 ms"));
  QCOMPARE(describe(Ability()), std::string());
}

QTEST_APPLESS_MAIN(AbilityTest)
#include "ability_test.moc"
