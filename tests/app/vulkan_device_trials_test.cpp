#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "app/devices/device_trials.h"
#include "engine/gguf/gguf_file.h"
#include "engine/trial/kernel_use.h"
#include "tests/engine/vulkan_faults.h"

using namespace facet;
using namespace facet::app::devices;
using facet::engine::DeviceTrial;
using facet::engine::DeviceVerdict;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 5min;

DeviceTrial trial_of(const engine::VulkanDevice& device) {
  DeviceTrial trial;
  trial.device = device;
  trial.model = FACET_TEST_DATA "/models/e-q4_0.gguf";
  trial.cache = engine::Format::F16;
  const auto file = engine::GgufFile::open(trial.model);
  if (!file.ok()) qFatal("%s", file.error().message.c_str());
  const auto config = engine::read_config(**file);
  if (!config.ok()) qFatal("%s", config.error().message.c_str());
  trial.use = engine::describe(engine::kernel_use(**file, *config, trial.cache));
  return trial;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

// The self-test in a process of its own, and what is remembered of it.
class VulkanDeviceTrialsTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void init();
  void passes_and_remembers();
  void a_slow_device_is_not_tried_unless_it_is_named();
  void odd_figures_are_not_known_data();
  void odd_figures_are_not_known();
  void tests_again_what_has_changed();
  void takes_the_next_plainer_form();
  void refuses_a_device_that_computes_wrong();
  void survives_what_a_driver_may_do_data();
  void survives_what_a_driver_may_do();
  void remembers_nothing_that_was_not_tested();
  void a_damaged_memory_is_no_memory();
  void auto_is_the_cpu_without_hardware();

 private:
  // A program that stands for facet.
  std::filesystem::path script(const QByteArray& text) const;
  std::filesystem::path memory() const { return folder_->filePath("data/devices.json").toStdString(); }
  DeviceTrials trials(const std::filesystem::path& program) const { return {program, memory(), kLong}; }

  std::unique_ptr<QTemporaryDir> folder_;
  DeviceTrial trial_;
};

void VulkanDeviceTrialsTest::initTestCase() {
  vulkan_faults::install();
  const auto devices = engine::find_vulkan_devices("");
  if (!devices.ok()) QSKIP(devices.error().message.c_str());
  trial_ = trial_of(devices->front());
}

void VulkanDeviceTrialsTest::init() {
  folder_ = std::make_unique<QTemporaryDir>();
}

std::filesystem::path VulkanDeviceTrialsTest::script(const QByteArray& text) const {
  const QString path = folder_->filePath("facet");
  QFile file(path);
  if (!file.open(QIODevice::WriteOnly) || file.write("#!/bin/sh\n" + text) < 0) qFatal("no script");
  file.close();
  file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
  return path.toStdString();
}

void VulkanDeviceTrialsTest::passes_and_remembers() {
  const DeviceVerdict verdict = trials(FACET_PROGRAM).judge(trial_);
  QVERIFY2(verdict.form == "floats", verdict.reason.c_str());
  QVERIFY(!verdict.is_known);
  QVERIFY(verdict.ability.is_known());
  // Nobody is asked again.
  const DeviceVerdict again = trials("/nowhere/facet").judge(trial_);
  QCOMPARE(again.form, verdict.form);
  QVERIFY(again.is_known);
  QCOMPARE(again.ability.device.decode, verdict.ability.device.decode);
  QCOMPARE(again.ability.device.prefill, verdict.ability.device.prefill);
  QCOMPARE(again.ability.cpu.decode, verdict.ability.cpu.decode);
  QCOMPARE(again.ability.cpu.prefill, verdict.ability.cpu.prefill);
}

// The program says that it is slow when it is asked to look first; then that is known, and no more.
void VulkanDeviceTrialsTest::a_slow_device_is_not_tried_unless_it_is_named() {
  const QByteArray figures =
      "\"seconds_per_token\": {\"device\": {\"decode\": 2, \"prefill\": 1}, \"cpu\": {\"decode\": 0.2, \"prefill\": "
      "0.1}}";
  const auto program = script("case \"$*\" in *--only-if-faster*) echo '{\"slow\": true, " + figures +
                              "}';; *) echo '{\"passed\": true, " + figures + "}';; esac\n");
  DeviceTrial automatic = trial_;
  automatic.only_if_faster = true;
  for (const bool is_known : {false, true}) {
    const DeviceVerdict verdict = trials(is_known ? "/nowhere" : program).judge(automatic);
    QVERIFY(verdict.form.empty() && verdict.reason.empty());
    QCOMPARE(verdict.is_known, is_known);
    QCOMPARE(engine::speedup(verdict.ability, 1), 0.1);
  }
  // Now it is named.
  QVERIFY(!trials(program).remembered(trial_));
  QVERIFY(!trials(program).judge(trial_).form.empty());
  QVERIFY(trials("/nowhere").remembered(trial_) && trials("/nowhere").remembered(automatic));
  QVERIFY(!trials("/nowhere").judge(automatic).form.empty());
}

// Figures that are none are not known, and the device is trusted all the same.
void VulkanDeviceTrialsTest::odd_figures_are_not_known_data() {
  QTest::addColumn<QByteArray>("figures");
  QTest::addColumn<bool>("is_known");
  const QByteArray cpu = "\"cpu\": {\"decode\": 0.2, \"prefill\": 0.1}";
  QTest::newRow("sound") << "{\"device\": {\"decode\": 0.02, \"prefill\": 0.01}, " + cpu + "}" << true;
  QTest::newRow("no device") << "{" + cpu + "}" << false;
  QTest::newRow("negative") << "{\"device\": {\"decode\": -1, \"prefill\": 0.01}, " + cpu + "}" << false;
  QTest::newRow("no number") << "{\"device\": {\"decode\": \"fast\", \"prefill\": 0.01}, " + cpu + "}" << false;
  QTest::newRow("too large") << "{\"device\": {\"decode\": 1e999, \"prefill\": 0.01}, " + cpu + "}" << false;
  QTest::newRow("a list") << QByteArray("[1, 2, 3, 4]") << false;
}

void VulkanDeviceTrialsTest::odd_figures_are_not_known() {
  QFETCH(QByteArray, figures);
  QFETCH(bool, is_known);
  const auto program = script("echo '{\"passed\": true, \"seconds_per_token\": " + figures + "}'");
  const DeviceVerdict verdict = trials(program).judge(trial_);
  QCOMPARE(verdict.ability.is_known(), is_known);
  if (figures.contains("1e999")) return;  // no JSON at all
  QVERIFY(!verdict.form.empty());
  QCOMPARE(trials("/nowhere").judge(trial_).ability.is_known(), is_known);
}

void VulkanDeviceTrialsTest::tests_again_what_has_changed() {
  const auto yes = trials(script("echo '{\"passed\": true}'"));
  QVERIFY(!yes.judge(trial_).is_known);
  QVERIFY(yes.judge(trial_).is_known);
  DeviceTrial other = trial_;
  other.device.driver += " 99.1";
  QVERIFY(!yes.judge(other).is_known);
  other = trial_;
  other.device.name = "Another device";
  QVERIFY(!yes.judge(other).is_known);
  other = trial_;
  other.use += "; more";
  QVERIFY(!yes.judge(other).is_known);
  // All of them stay.
  QVERIFY(yes.judge(trial_).is_known && yes.judge(other).is_known);
}

// A kernel of the first form is left out by the driver; without that form all goes well.
void VulkanDeviceTrialsTest::takes_the_next_plainer_form() {
  const auto program = script(
      "case \"$*\" in *'--form floats'*) export FACET_FAULTS='vkCmdDispatch 30 0 1';; esac\n"
      "exec " FACET_PROGRAM " \"$@\"\n");
  const DeviceVerdict verdict = trials(program).judge(trial_);
  QCOMPARE(verdict.form, std::string("no-last-groups"));
  QCOMPARE(trials("/nowhere").judge(trial_).form, verdict.form);
}

void VulkanDeviceTrialsTest::refuses_a_device_that_computes_wrong() {
  const auto program = script("export FACET_FAULTS='vkCmdDispatch 30 0 1'\nexec " FACET_PROGRAM " \"$@\"\n");
  const DeviceVerdict verdict = trials(program).judge(trial_);
  QVERIFY(verdict.form.empty() && !verdict.is_known);
  QVERIFY2(contains(verdict.reason, "it computes wrong ("), verdict.reason.c_str());
  QVERIFY(trials("/nowhere").judge(trial_).is_known);
  QCOMPARE(trials("/nowhere").judge(trial_).reason, verdict.reason);
}

void VulkanDeviceTrialsTest::survives_what_a_driver_may_do_data() {
  QTest::addColumn<QByteArray>("text");
  QTest::addColumn<QByteArray>("reason");
  QTest::newRow("crash") << QByteArray("kill -SEGV $$") << QByteArray("signal 11");
  QTest::newRow("abort after words") << QByteArray("echo '{\"passed\": true}'; kill -ABRT $$")
                                     << QByteArray("signal 6");
  QTest::newRow("never answers") << QByteArray("exec sleep 1000") << QByteArray("did not answer in time");
  QTest::newRow("leaves a child") << QByteArray("sleep 1000 & exit 0") << QByteArray("did not answer in time");
  QTest::newRow("nonsense") << QByteArray("echo '[[[['; exit 3") << QByteArray("status 3");
  QTest::newRow("too many words") << QByteArray("yes | head -c 2000000") << QByteArray("status 0");
}

void VulkanDeviceTrialsTest::survives_what_a_driver_may_do() {
  QFETCH(QByteArray, text);
  QFETCH(QByteArray, reason);
  const DeviceTrials trials(script(text + "\n"), memory(), reason.contains("in time") ? 100ms : kLong);
  const DeviceVerdict verdict = trials.judge(trial_);
  QVERIFY(verdict.form.empty());
  QVERIFY2(contains(verdict.reason, reason.constData()), verdict.reason.c_str());
  QVERIFY(trials.judge(trial_).is_known);
}

// No memory for a test, or no program, says nothing about the device.
void VulkanDeviceTrialsTest::remembers_nothing_that_was_not_tested() {
  const auto busy = trials(script("echo '{\"reason\": \"There is no room for anything.\"}'; exit 1\n"));
  const auto newer = trials(folder_->filePath("newer").toStdString());
  QVERIFY(QFile::copy(folder_->filePath("facet"), folder_->filePath("newer")));
  QFile text(folder_->filePath("newer"));
  QVERIFY(text.open(QIODevice::WriteOnly) && text.write("#!/bin/sh\nexit 2\n") > 0);
  text.close();
  for (const DeviceTrials& each : {busy, newer, trials("/nowhere/facet")}) {
    for (int time = 0; time < 2; ++time) {
      const DeviceVerdict verdict = each.judge(trial_);
      QVERIFY(verdict.form.empty() && !verdict.is_known);
      QVERIFY(!verdict.reason.empty() && verdict.reason.back() != '.');
    }
  }
  QVERIFY(!trials("/nowhere").remembered(trial_));
}

void VulkanDeviceTrialsTest::a_damaged_memory_is_no_memory() {
  const auto yes = trials(script("echo '{\"passed\": true}'"));
  for (const QByteArray content :
       {"", "{", "[1, 2]", "{\"verdicts\": 7}", "{\"verdicts\": [7, {}, {\"device\": []}]}"}) {
    std::filesystem::create_directories(memory().parent_path());
    QFile file(QString::fromStdString(memory().string()));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(content) == content.size());
    file.close();
    QVERIFY(!yes.remembered(trial_));
    QVERIFY(!yes.judge(trial_).is_known);
    QVERIFY(yes.judge(trial_).is_known);
  }
  // Nor one that can not be written.
  const DeviceTrials nowhere(script("echo '{\"passed\": true}'"), "/proc/nowhere/devices.json", kLong);
  QVERIFY(!nowhere.judge(trial_).form.empty());
}

void VulkanDeviceTrialsTest::auto_is_the_cpu_without_hardware() {
  const std::filesystem::path dev = folder_->path().toStdString();
  for (const char* name : {"", "auto"})
    QCOMPARE(narrowed_backend(name, dev), std::string("cpu"));
  for (const char* name : {"cpu", "vulkan", "vulkan:software", "vulkan:1"})
    QCOMPARE(narrowed_backend(name, dev), std::string(name));
  std::filesystem::create_directory(dev / "dri");
  for (const char* name : {"", "auto"})
    QCOMPARE(narrowed_backend(name, dev), std::string("auto"));
}

QTEST_APPLESS_MAIN(VulkanDeviceTrialsTest)
#include "vulkan_device_trials_test.moc"
