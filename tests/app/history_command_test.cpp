#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QtTest>

#include "agent/store/database.h"
#include "tests/agent/must.h"

using namespace facet;

// `facet history show`: what a turn leaves behind can be read again, with the record of every run.
class HistoryCommandTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void a_conversation_is_printed();
  void a_trace_tells_how_it_came_about();
  void an_answer_runs_again();
  void a_difference_is_told();
  void what_is_not_there_is_one_sentence();

 private:
  struct Outcome {
    int status = -1;
    QString out;
    QString err;
  };
  Outcome facet(const QStringList& arguments) const {
    QProcess process;
    process.start(QStringLiteral(FACET_PROGRAM), arguments);
    if (!process.waitForFinished(300'000)) qFatal("facet does not end");
    return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
            QString::fromUtf8(process.readAllStandardError())};
  }
  Outcome show(const QStringList& arguments) const {
    return facet(QStringList{"history", "show", "--data", folder_.filePath("data")} + arguments);
  }

  Outcome rerun(const QString& data, const QStringList& arguments) const {
    return facet(QStringList{"history", "rerun", "--model", "built-in", "--backend", "cpu", "--data", data} +
                 arguments);
  }
  int runs() const {
    const QJsonObject json = QJsonDocument::fromJson(show({"--json", "1"}).out.toUtf8()).object();
    return static_cast<int>(json["messages"].toArray().last().toObject()["steps"].toArray().size());
  }

  QTemporaryDir folder_;
};

void HistoryCommandTest::initTestCase() {
  const Outcome asked =
      facet({"ask", "--model", "built-in", "--temperature", "0", "--seed", "5", "--backend", "cpu", "--data",
             folder_.filePath("data"), "--folder", QStringLiteral(FACET_SOURCE_DIR "/packaging/sample"),
             "What is the budget in harbor.txt?"});
  QVERIFY2(asked.status == 0, qPrintable(asked.err));
}

void HistoryCommandTest::a_conversation_is_printed() {
  const Outcome shown = show({"1"});
  QCOMPARE(shown.status, 0);
  QVERIFY2(shown.out.contains("What is the budget in harbor.txt?"), qPrintable(shown.out));
  QVERIFY(shown.out.contains("48,200 EUR"));
  QVERIFY(!shown.out.contains("prompt "));
}

// The text says what the JSON says, run by run.
void HistoryCommandTest::a_trace_tells_how_it_came_about() {
  const Outcome shown = show({"--trace", "1"});
  QCOMPARE(shown.status, 0);
  const QJsonObject json = QJsonDocument::fromJson(show({"--json", "1"}).out.toUtf8()).object();
  const QJsonObject answer = json["messages"].toArray()[1].toObject();
  const QJsonArray steps = answer["steps"].toArray();
  QVERIFY(steps.size() >= 2);
  for (int i = 0; i < steps.size(); ++i) {
    const QJsonObject step = steps[i].toObject();
    QVERIFY(shown.out.contains(QStringLiteral("run %1: ").arg(i + 1)));
    QVERIFY2(shown.out.contains("prompt " + step["prompt_sha256"].toString()), qPrintable(shown.out));
    QVERIFY(shown.out.contains(QStringLiteral("read %1 tokens").arg(step["prompt_tokens"].toInt())));
  }
  QVERIFY(shown.out.contains("seed 5; "));
  // The call stands between the run that asked for it and the run that was told its result.
  const qsizetype call = shown.out.indexOf(QRegularExpression("\n    (read_file|search_files) \\{.*succeeded after"));
  QVERIFY(call > shown.out.indexOf("run 1: "));
  QVERIFY(call < shown.out.indexOf("run 2: "));
}

// With a sampler that draws, and in a conversation that goes on; no tool is called, for the file is gone by then.
void HistoryCommandTest::an_answer_runs_again() {
  QTemporaryDir other;
  QVERIFY(QFile::copy(QStringLiteral(FACET_SOURCE_DIR "/packaging/sample/harbor.txt"), other.filePath("harbor.txt")));
  const Outcome asked = facet({"ask", "--model", "built-in", "--temperature", "0.8", "--backend", "cpu", "--data",
                               other.filePath("data"), "--folder", other.path(), "What is the budget in harbor.txt?"});
  QVERIFY2(asked.status == 0, qPrintable(asked.err));
  QVERIFY(QFile::remove(other.filePath("harbor.txt")));
  const Outcome again = rerun(other.filePath("data"), {"1"});
  QVERIFY2(again.status == 0, qPrintable(again.out + again.err));
  QVERIFY2(again.out.contains(QRegularExpression("^run 1: the same \\d+ tokens\nrun 2: the same \\d+ tokens\n")),
           qPrintable(again.out));
  const Outcome first = rerun(folder_.filePath("data"), {"1", "--answer", "1"});
  QCOMPARE(first.status, 0);
  QCOMPARE(first.out.count("the same"), runs());
}

void HistoryCommandTest::a_difference_is_told() {
  const auto changed = [&](const QString& sql) {
    QTemporaryDir copy;
    QFile::copy(folder_.filePath("data/facet.sqlite"), copy.filePath("facet.sqlite"));
    {
      const auto database =
          must(agent::Database::open(copy.filePath("facet.sqlite").toStdString(), agent::Database::Mode::Write));
      must(database->execute(sql.toStdString()));
    }
    return rerun(copy.path(), {"1"});
  };
  const Outcome tokens = changed("UPDATE step SET tokens_json = json_set(tokens_json, '$[2]', 9) WHERE id = 1");
  QCOMPARE(tokens.status, 1);
  QVERIFY2(tokens.out.startsWith("run 1: other tokens, after 2 of "), qPrintable(tokens.out + tokens.err));
  // The model would be told another result.
  const Outcome prompt = changed("UPDATE call SET result = 'nothing'");
  QCOMPARE(prompt.status, 1);
  QVERIFY2(prompt.out.contains("\nrun 2: not run: the prompt is another one now"), qPrintable(prompt.out));
  const Outcome stopped = changed("UPDATE step SET finish_reason = 'stopped' WHERE id = 1");
  QCOMPARE(stopped.out, QStringLiteral("run 1: not compared: it did not come to its end then\n"));
  QCOMPARE(stopped.status, 1);
}

void HistoryCommandTest::what_is_not_there_is_one_sentence() {
  QCOMPARE(rerun(folder_.filePath("data"), {"1", "--answer", "7"}).err.trimmed(),
           QStringLiteral("facet: The conversation has 1 answers."));

  const Outcome shown = show({"--trace", "77"});
  QCOMPARE(shown.status, 1);
  QCOMPARE(shown.err.trimmed(), QStringLiteral("facet: There is no conversation 77."));
  QCOMPARE(show({"--trace", "x"}).status, 2);
}

QTEST_APPLESS_MAIN(HistoryCommandTest)
#include "history_command_test.moc"
