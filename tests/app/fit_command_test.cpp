#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QtTest>

#include "engine/vulkan/vulkan.h"

// What `facet models fit` promises to scripts and to people, and that wishes for a placement are understood.
class FitCommandTest : public QObject {
  Q_OBJECT

 private slots:
  void prints_every_key();
  void prints_a_table_for_people();
  void follows_the_options();
  void wishes_need_a_graphics_device_data();
  void wishes_need_a_graphics_device();
  void places_on_a_device();
  void says_why_it_fails();

 private:
  struct Outcome {
    int status = -1;
    QByteArray out;
    QByteArray err;
  };
  static Outcome run(const QStringList& arguments) {
    QProcess process;
    process.start(QStringLiteral(FACET_PROGRAM), arguments);
    if (!process.waitForFinished(300'000)) qFatal("facet does not end");
    return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
  }
  static Outcome fit(const QStringList& options) {
    return run(QStringList{"models", "fit", QStringLiteral(FACET_TEST_DATA "/models/moe-q4_k_m.gguf")} + options);
  }
  static QJsonObject json_of(const Outcome& outcome) {
    if (outcome.status != 0) qFatal("%s", outcome.err.constData());
    return QJsonDocument::fromJson(outcome.out).object();
  }
};

void FitCommandTest::prints_every_key() {
  const QJsonObject report = json_of(fit({"--json", "--context", "300"}));
  QCOMPARE(report["context"].toInt(), 300);
  QCOMPARE(report["cache"].toString(), QStringLiteral("f32"));
  QVERIFY(report["fits"].toBool());
  QVERIFY(report["largest_context"].toInt() >= 300);
  QVERIFY(report["table_bytes"].toDouble() > 0);
  QCOMPARE(report["devices"].toArray().size(), 1);
  const QJsonObject cpu = report["devices"].toArray()[0].toObject();
  QVERIFY(cpu["device"].toString().startsWith("CPU"));
  QCOMPARE(cpu["gpu"].toBool(true), false);
  QCOMPARE(cpu["layers"], report["layers"]);
  QCOMPARE(cpu["expert_layers"], report["layers"]);
  QCOMPARE(cpu["held_experts"].toInt(-1), 0);
  QCOMPARE(report["experts"].toInt(), 3 * 8);
  QVERIFY(cpu["output_matrix"].toBool());
  double sum = 0;
  for (const char* key : {"weight_bytes", "cache_bytes", "activation_bytes", "working_bytes"}) {
    QVERIFY2(cpu[key].isDouble(), key);
    sum += cpu[key].toDouble();
  }
  QCOMPARE(sum, cpu["total_bytes"].toDouble());
  QVERIFY(cpu["mapped_bytes"].toDouble() > 0);
}

void FitCommandTest::prints_a_table_for_people() {
  const Outcome outcome = fit({});
  QCOMPARE(outcome.status, 0);
  for (const char* word : {"Context of", "layers 0 to", "output matrix", "weights", "cache", "activations",
                           "working memory", "total", "of tables"})
    QVERIFY2(outcome.out.contains(word), word);
}

void FitCommandTest::follows_the_options() {
  const auto cache = [](const QStringList& options) {
    return json_of(fit(options + QStringList{"--json"}))["devices"][0]["cache_bytes"].toDouble();
  };
  QCOMPARE(cache({"--context", "200", "--cache", "f32"}), 2 * cache({"--context", "200", "--cache", "f16"}));
  QVERIFY(cache({"--context", "200"}) > cache({"--context", "100"}));
  for (const QStringList& wrong :
       {QStringList{"--context", "0"}, {"--context", "many"}, {"--cache", "q3"}, {"another"}})
    QCOMPARE(fit(wrong).status, 2);
  QCOMPARE(run({"models", "fit"}).status, 2);
}

void FitCommandTest::wishes_need_a_graphics_device_data() {
  QTest::addColumn<QStringList>("options");
  QTest::newRow("layers without a device") << QStringList{"--gpu-layers", "3"};
  QTest::newRow("memory without a device") << QStringList{"--gpu-memory", "500", "--backend", "cpu"};
  QTest::newRow("no number of layers") << QStringList{"--gpu-layers", "some", "--backend", "vulkan"};
  QTest::newRow("negative layers") << QStringList{"--gpu-layers", "-1", "--backend", "vulkan"};
  QTest::newRow("experts without a device") << QStringList{"--gpu-experts", "100", "--backend", "cpu"};
  QTest::newRow("no number for experts") << QStringList{"--gpu-experts", "-5", "--backend", "vulkan"};
  QTest::newRow("no memory") << QStringList{"--gpu-memory", "0", "--backend", "vulkan"};
}

void FitCommandTest::wishes_need_a_graphics_device() {
  QFETCH(QStringList, options);
  for (const QStringList& command : {QStringList{"models", "fit", "built-in"}, {"ask", "Hello?"}, {"bench"}}) {
    const Outcome outcome = run(command + options);
    QCOMPARE(outcome.status, 2);
    QVERIFY2(outcome.err.startsWith("facet: --gpu-") && outcome.err.count('\n') == 1, outcome.err.constData());
  }
}

void FitCommandTest::places_on_a_device() {
  const QStringList two = {"--json", "--backend", "vulkan", "--gpu-layers", "2"};
  const Outcome outcome = fit(two);
  if (const auto devices = facet::engine::find_vulkan_devices(""); !devices.ok())
    QSKIP(devices.error().message.c_str());
  QVERIFY2(outcome.status == 0, outcome.err.constData());
  const QJsonObject report = json_of(outcome);
  const QJsonArray devices = report["devices"].toArray();
  QCOMPARE(devices.size(), 2);
  QCOMPARE(devices[0]["gpu"].toBool(), true);
  QCOMPARE(devices[0]["layers"].toInt(), 2);
  QCOMPARE(devices[0]["first_layer"].toInt(), report["layers"].toInt() - 2);
  QCOMPARE(devices[0]["output_matrix"].toBool(), true);
  QCOMPARE(devices[1]["layers"].toInt(), report["layers"].toInt() - 2);
  QVERIFY(devices[0]["budget_bytes"].toDouble() > devices[0]["total_bytes"].toDouble());
  // Two layers that do not fit, and a device that is too small for any.
  const Outcome refused = fit(two + QStringList{"--gpu-memory", "1"});
  QCOMPARE(refused.status, 1);
  QVERIFY2(refused.err.startsWith("facet: 2 layers need") && refused.err.count('\n') == 1, refused.err.constData());
  const Outcome small = fit({"--backend", "vulkan", "--gpu-memory", "1"});
  QCOMPARE(small.status, 0);
  QVERIFY2(small.err.contains("too little for a single layer"), small.err.constData());
}

void FitCommandTest::says_why_it_fails() {
  const Outcome missing = run({"models", "fit", "/nowhere/model.gguf"});
  QCOMPARE(missing.status, 1);
  QVERIFY(missing.err.contains("/nowhere/model.gguf"));
  const Outcome longer = fit({"--context", "10000000"});
  QCOMPARE(longer.status, 1);
  QVERIFY(longer.err.contains("more than this model was trained for"));
}

QTEST_APPLESS_MAIN(FitCommandTest)
#include "fit_command_test.moc"
