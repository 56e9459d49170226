#include "engine/cpu/fastest_kernels.h"

#include <QtTest>
#include <map>

namespace facet::engine {

// Which instructions multiply is measured, and only those that multiply right are taken.
class FastestKernelsTest : public QObject {
  Q_OBJECT

 private slots:
  void every_set_of_this_machine_is_right();
  void the_faster_one_is_taken();
  void a_little_faster_is_not_enough();
  void what_computes_wrong_is_not_taken();
  void this_machine_has_one();

 private:
  using Sets = std::vector<const Kernels*>;
  static const Kernels& plain() { return *usable_kernels().back(); }
  static Kernels named(const char* name) {
    Kernels kernels = plain();
    kernels.name = name;
    return kernels;
  }
  // The name of what is chosen when the sets take so long.
  static std::string chosen(const Sets& sets, const std::map<std::string, double>& seconds) {
    return choose_kernels(sets, [&](const Kernels& kernels) { return seconds.at(kernels.name); }).name;
  }
};

void FastestKernelsTest::every_set_of_this_machine_is_right() {
  for (const Kernels* kernels : usable_kernels()) {
    const Sets sets = {kernels, &plain()};
    QCOMPARE(&choose_kernels(sets, [](const Kernels&) { return 1; }), kernels);
  }
}

void FastestKernelsTest::the_faster_one_is_taken() {
  const Kernels first = named("first");
  const Kernels second = named("second");
  const Sets sets = {&first, &second, &plain()};
  QCOMPARE(chosen(sets, {{"first", 1}, {"second", 0.5}}), std::string("second"));
  QCOMPARE(chosen(sets, {{"first", 1}, {"second", 2}}), std::string("first"));
}

void FastestKernelsTest::a_little_faster_is_not_enough() {
  const Kernels first = named("first");
  const Kernels second = named("second");
  const Sets sets = {&first, &second, &plain()};
  QCOMPARE(chosen(sets, {{"first", 1}, {"second", 0.95}}), std::string("first"));
  QCOMPARE(chosen(sets, {{"first", 1}, {"second", 0.85}}), std::string("second"));
}

// One product in a thousand, with scales for 32 inputs or for 16.
void FastestKernelsTest::what_computes_wrong_is_not_taken() {
  for (const Format wrong : {Format::Q4_0, Format::Q6_K}) {
    static Format wrong_format;
    static PanelFormat spoilt;
    wrong_format = wrong;
    spoilt = *plain().panels.format(wrong);
    spoilt.multiply = [](const Panel& panel, std::size_t inputs, const RoundedColumn* columns, std::size_t count,
                         std::size_t first_input, const PanelResults& results) {
      plain().panels.format(wrong_format)->multiply(panel, inputs, columns, count, first_input, results);
      float& last = results.out[count - 1][results.first_row + results.rows - 1];
      last += 3;  // of thousands
    };
    Kernels fast = named("fast");
    fast.panels.format = [](Format format) { return format == wrong_format ? &spoilt : plain().panels.format(format); };
    QCOMPARE(chosen({&fast, &plain()}, {{"fast", 1}}), std::string("portable"));
  }
}

void FastestKernelsTest::this_machine_has_one() {
  const auto usable = usable_kernels();
  QVERIFY(std::find(usable.begin(), usable.end(), &fastest_kernels()) != usable.end());
  QVERIFY(usable.size() == 1 || &fastest_kernels() != &plain());
  QCOMPARE(&fastest_kernels(), &fastest_kernels());
}

}  // namespace facet::engine

QTEST_APPLESS_MAIN(facet::engine::FastestKernelsTest)
#include "fastest_kernels_test.moc"
