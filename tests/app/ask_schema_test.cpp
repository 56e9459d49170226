#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <nlohmann/json.hpp>

// `facet ask --json-schema`: with a model of random weights, which knows nothing of JSON, the answer still fits.
class AskSchemaTest : public QObject {
  Q_OBJECT

 private slots:
  void the_answer_fits();
  void a_schema_that_can_not_be_used_is_wrong_usage_data();
  void a_schema_that_can_not_be_used_is_wrong_usage();

 private:
  struct Outcome {
    int status = -1;
    QByteArray out;
    QByteArray err;
  };
  Outcome ask(const QByteArray& schema, const QStringList& more = {}) {
    QFile file(folder_.filePath("schema.json"));
    if (!file.open(QIODevice::WriteOnly)) return {};
    file.write(schema);
    file.close();
    QProcess process;
    process.start(FACET_PROGRAM, QStringList{"ask", "--data", folder_.filePath("data"), "--folder", folder_.path(),
                                             "--model", FACET_TEST_DATA "/models/e-f32.gguf", "--threads", "2"} +
                                     more + QStringList{"--json-schema", file.fileName(), "What is it?"});
    process.closeWriteChannel();
    if (!process.waitForFinished(600000)) return {};
    return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
  }

  QTemporaryDir folder_;
};

void AskSchemaTest::the_answer_fits() {
  const QByteArray schema = R"({"type": "object", "required": ["kind", "count"], "additionalProperties": false,
    "properties": {"kind": {"enum": ["letter", "invoice"]}, "count": {"type": "integer", "minimum": 0, "maximum": 9},
                   "note": {"type": "string", "maxLength": 20, "uniqueItems": true}}})";
  int answers = 0;
  for (const char* seed : {"1", "2", "3"}) {
    const Outcome outcome = ask(schema, {"--seed", seed});
    // A call may come before an answer; what is printed is the answer.
    if (outcome.status != 0) continue;
    ++answers;
    const auto answer = nlohmann::json::parse(outcome.out.toStdString(), nullptr, false);
    QVERIFY2(answer.is_object(), outcome.out.constData());
    QVERIFY(answer["kind"] == "letter" || answer["kind"] == "invoice");
    QVERIFY(answer["count"].is_number_integer() && answer["count"] >= 0 && answer["count"] <= 9);
    QVERIFY(answer.size() == 2 || answer["note"].get<std::string>().size() <= 80);
    QVERIFY2(outcome.err.contains("'uniqueItems' is not held"), outcome.err.constData());
  }
  QVERIFY(answers > 0);
}

void AskSchemaTest::a_schema_that_can_not_be_used_is_wrong_usage_data() {
  QTest::addColumn<QByteArray>("schema");
  QTest::addColumn<QByteArray>("says");
  QTest::newRow("no JSON") << QByteArray("{") << QByteArray("not JSON");
  QTest::newRow("no schema") << QByteArray("[1]") << QByteArray("neither an object nor");
  QTest::newRow("a type that is none") << QByteArray(R"({"type": 5})") << QByteArray("a type that is no word");
  QTest::newRow("nothing fits") << QByteArray(R"({"type": "integer", "minimum": 2, "maximum": 1})")
                                << QByteArray("Nothing can fit");
}

void AskSchemaTest::a_schema_that_can_not_be_used_is_wrong_usage() {
  QFETCH(QByteArray, schema);
  QFETCH(QByteArray, says);
  const Outcome outcome = ask(schema);
  QCOMPARE(outcome.status, 2);
  QVERIFY2(outcome.err.contains(says) && outcome.out.isEmpty(), outcome.err.constData());
}

QTEST_APPLESS_MAIN(AskSchemaTest)
#include "ask_schema_test.moc"
