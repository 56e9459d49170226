#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include "tests/models/hf_folder.h"

// What `facet bench` promises to scripts: exit status, where things are printed, keys, units. Not how fast it is.
class BenchCommandTest : public QObject {
  Q_OBJECT

 private slots:
  void prints_every_key();
  void prints_a_table_for_people();
  void leaves_out_what_is_not_measured();
  void lists_operations();
  void uses_given_tokens();
  void measures_a_folder_of_safetensors();
  void measures_encoders();
  void refuses_wrong_usage_data();
  void refuses_wrong_usage();
  void says_why_it_fails();

 private:
  struct Outcome {
    int status = -1;
    QByteArray out;
    QByteArray err;
  };
  static Outcome run(const QStringList& options) {
    QProcess process;
    process.start(QStringLiteral(FACET_PROGRAM), QStringList("bench") + options);
    if (!process.waitForFinished(300'000)) qFatal("facet bench does not end");
    return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
  }
  static QStringList small(const QStringList& more) {
    return QStringList{"-m", QStringLiteral(FACET_TEST_DATA "/models/e-q4_0.gguf"), "-p", "20", "-n", "4", "-r", "2"} +
           more;
  }
  static QJsonObject json_of(const Outcome& outcome) {
    if (outcome.status != 0) qFatal("%s", outcome.err.constData());
    return QJsonDocument::fromJson(outcome.out).object();
  }
};

void BenchCommandTest::prints_every_key() {
  const QJsonObject report = json_of(run(small({"--json", "-d", "10", "--threads", "2"})));
  for (const char* key :
       {"prefill_tokens_per_s", "decode_tokens_per_s", "load_ms", "peak_rss_bytes", "rss_bytes",
        "read_bandwidth_bytes_per_s", "bandwidth_fraction", "weight_bytes_per_token", "cache_bytes_per_token"}) {
    QVERIFY2(report[key].isDouble(), key);
    QVERIFY2(report[key].toDouble() > 0, key);
  }
  QCOMPARE(report["prefill_runs"].toArray().size(), 2);
  QCOMPARE(report["decode_runs"].toArray().size(), 2);
  QCOMPARE(report["threads"].toInt(), 2);
  QCOMPARE(report["depth"].toInt(), 10);
  QVERIFY(report["peak_rss_bytes"].toDouble() >= report["rss_bytes"].toDouble());
  // The fraction is made of the other numbers.
  const double read = report["weight_bytes_per_token"].toDouble() + report["cache_bytes_per_token"].toDouble();
  const double fraction =
      report["decode_tokens_per_s"].toDouble() * read / report["read_bandwidth_bytes_per_s"].toDouble();
  QVERIFY(qAbs(report["bandwidth_fraction"].toDouble() - fraction) < 1e-9);
}

void BenchCommandTest::prints_a_table_for_people() {
  const Outcome outcome = run(small({}));
  QCOMPARE(outcome.status, 0);
  for (const char* word : {"prefill", "decode", "load", "memory", "bandwidth", "tokens/s"})
    QVERIFY2(outcome.out.contains(word), word);
  QVERIFY(outcome.err.contains("Measuring prefill ..."));
}

void BenchCommandTest::leaves_out_what_is_not_measured() {
  const QJsonObject no_prompt = json_of(run(small({"--json", "-p", "0"})));
  QVERIFY(no_prompt["prefill_tokens_per_s"].isNull());
  QVERIFY(no_prompt["decode_tokens_per_s"].isDouble());
  const QJsonObject no_decode = json_of(run(small({"--json", "-n", "0"})));
  QVERIFY(no_decode["decode_tokens_per_s"].isNull());
  QVERIFY(no_decode["bandwidth_fraction"].isNull());
}

void BenchCommandTest::lists_operations() {
  const QJsonObject report = json_of(run(small({"--json", "--ops"})));
  for (const char* phase : {"prefill", "decode"}) {
    const QJsonArray operations = report["operations"].toObject()[phase].toArray();
    QVERIFY(operations.size() > 10);
    for (const QJsonValue& operation : operations) {
      QVERIFY(!operation["operation"].toString().isEmpty());
      QVERIFY(operation["calls"].toInt() > 0);
      QVERIFY(operation["ms_per_token"].toDouble() >= 0);
    }
  }
  QVERIFY(run(small({"--ops"})).out.contains("ffn_gate Q4_0"));
}

void BenchCommandTest::uses_given_tokens() {
  const QTemporaryDir folder;
  QFile file(folder.filePath("ids.json"));
  QVERIFY(file.open(QIODevice::WriteOnly));
  file.write("[2, 600, 601, 602, 603, 604]");
  file.close();
  QCOMPARE(run(small({"--ids-file", file.fileName(), "-p", "6"})).status, 0);
  const Outcome outcome = run(small({"--ids-file", file.fileName()}));
  QCOMPARE(outcome.status, 1);
  QCOMPARE(outcome.err.trimmed().split('\n').last(),
           QByteArray("facet: There are 6 token ids and the measurement needs 20."));
}

void BenchCommandTest::measures_a_folder_of_safetensors() {
  const QTemporaryDir scratch;
  const QString folder = scratch.filePath("model");
  const QString original = QStringLiteral(FACET_TEST_DATA "/models/e-realheads-bf16.gguf");
  hf_folder::write(folder, hf_folder::from_gguf(original, {.type = ""}));
  const QStringList options = {"--json", "-p", "20", "-n", "4", "-r", "1", "-m"};
  const QJsonObject of_folder = json_of(run(options + QStringList{folder}));
  const QJsonObject of_file = json_of(run(options + QStringList{original}));
  QVERIFY(of_folder["prefill_tokens_per_s"].toDouble() > 0);
  QVERIFY(of_folder["decode_tokens_per_s"].toDouble() > 0);
  for (const char* key : {"weight_bytes_per_token", "cache_bytes_per_token"})
    QCOMPARE(of_folder[key], of_file[key]);
}

void BenchCommandTest::measures_encoders() {
  const QStringList projector = {"--mmproj", QStringLiteral(FACET_TEST_DATA "/models/mmproj-e-bf16.gguf"), "-r", "2"};
  const QJsonObject report = json_of(
      run(projector + QStringList{"--json", "--ops", "--image", "640x480", "--image-budget", "70", "--audio", "1.5"}));
  const QJsonObject image = report["image"].toObject();
  QCOMPARE(image["tokens"].toInt(), 63);
  QCOMPARE(image["budget"].toInt(), 70);
  QCOMPARE(image["encode_runs_ms"].toArray().size(), 2);
  QVERIFY(image["encode_ms"].toDouble() > 0 && image["tokens_per_s"].toDouble() > 0);
  const QJsonObject audio = report["audio"].toObject();
  // 24000 samples have 149 frames.
  QCOMPARE(audio["tokens"].toInt(), 38);
  QCOMPARE(audio["seconds"].toDouble(), 1.5);
  QVERIFY(qAbs(audio["real_time_factor"].toDouble() * audio["encode_ms"].toDouble() - 1500) < 1e-6);
  for (const char* kind : {"image", "audio"}) {
    double products = 0;
    for (const QJsonValue& operation : report["operations"].toObject()[kind].toArray())
      products += operation["products_per_s"].toDouble() * operation["ms_per_token"].toDouble();
    QVERIFY2(products > 0, kind);
  }
  const QByteArray table = run(projector + QStringList{"--image", "48x48", "--ops"}).out;
  for (const char* word : {"picture", "budget 280", "ffn_down BF16", "attention", "256 tokens"})
    QVERIFY2(table.contains(word), word);
  // Decoded like any other file.
  const QTemporaryDir folder;
  QFile torn(folder.filePath("torn.png"));
  QVERIFY(torn.open(QIODevice::WriteOnly) && torn.write("no picture") > 0);
  torn.close();
  const Outcome refused = run(projector + QStringList{"--image", torn.fileName()});
  QCOMPARE(refused.status, 1);
  QVERIFY(refused.err.contains("torn.png"));
  QCOMPARE(run(projector + QStringList{"--image", "0x40"}).status, 1);
}

void BenchCommandTest::refuses_wrong_usage_data() {
  QTest::addColumn<QStringList>("options");
  QTest::newRow("no number") << QStringList{"-p", "many"};
  QTest::newRow("negative") << QStringList{"-n", "-3"};
  QTest::newRow("no repetition") << QStringList{"-r", "0"};
  QTest::newRow("nothing to measure") << QStringList{"-p", "0", "-n", "0"};
  QTest::newRow("unknown option") << QStringList{"--speed"};
  QTest::newRow("a word too many") << QStringList{"model.gguf"};
  QTest::newRow("a prompt and a picture") << QStringList{"-p", "5", "--image", "48x48"};
  QTest::newRow("a budget of no picture") << QStringList{"--image-budget", "70"};
  QTest::newRow("no such budget") << QStringList{"--image", "48x48", "--image-budget", "71"};
  QTest::newRow("unknown backend") << QStringList{"--backend", "abacus"};
}

void BenchCommandTest::refuses_wrong_usage() {
  QFETCH(QStringList, options);
  const Outcome outcome = run(options);
  QCOMPARE(outcome.status, 2);
  QVERIFY(outcome.out.isEmpty());
  QVERIFY2(outcome.err.startsWith("facet: ") && outcome.err.count('\n') == 1, outcome.err.constData());
}

void BenchCommandTest::says_why_it_fails() {
  const Outcome missing = run({"-m", "/nowhere/model.gguf"});
  QCOMPARE(missing.status, 1);
  QVERIFY(missing.err.contains("/nowhere/model.gguf"));
  // More than the model's context.
  const Outcome longer = run(small({"-p", "100000"}));
  QCOMPARE(longer.status, 1);
  QVERIFY(longer.err.contains("more than this model was trained for"));
}

QTEST_APPLESS_MAIN(BenchCommandTest)
#include "bench_command_test.moc"
