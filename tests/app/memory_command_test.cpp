#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QtTest>

#include "agent/store/store.h"
#include "tests/agent/must.h"

using namespace facet;

// `facet memory`: what is remembered is listed and deleted without the window.
class MemoryCommandTest : public QObject {
  Q_OBJECT

 private slots:
  void init() {
    folder_ = std::make_unique<QTemporaryDir>();
    const auto store = must(agent::Store::open(folder_->filePath("data/facet.sqlite").toStdString()));
    const agent::Conversation conversation = must(store->create_conversation("Nuts", "", {}));
    must(store->add_memory("Ida is allergic to nuts.", conversation.id));
    must(store->add_memory("Answers should be short.", 0));
  }

  void entries_are_listed_newest_first() {
    const Outcome listed = memory({"list"});
    QCOMPARE(listed.status, 0);
    static const QRegularExpression lines(
        "^2  \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d  Answers should be short\\.\n"
        "1  \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d  Ida is allergic to nuts\\.\n$");
    QVERIFY2(lines.match(listed.out).hasMatch(), qPrintable(listed.out));
    QVERIFY(memory({"list", "NUTS"}).out.startsWith("1  "));
    QCOMPARE(memory({"list", "giraffe"}).out, QString());
    const QJsonArray json = QJsonDocument::fromJson(memory({"list", "--json"}).out.toUtf8()).array();
    QCOMPARE(json.size(), 2);
    QCOMPARE(json[1]["text"].toString(), QString("Ida is allergic to nuts."));
    QCOMPARE(json[1]["conversation"].toInt(), 1);
    QVERIFY(json[1]["created_ms"].toDouble() > 0);
  }

  void entries_are_deleted() {
    QCOMPARE(memory({"remove", "1"}).status, 0);
    QVERIFY(!memory({"list"}).out.contains("nuts"));
    const Outcome again = memory({"remove", "1"});
    QCOMPARE(again.status, 1);
    QCOMPARE(again.err, QString("facet: The entry in memory does not exist any more.\n"));
    QCOMPARE(memory({"clear"}).status, 0);
    QCOMPARE(memory({"list"}).out, QString());
  }

  void wrong_usage_is_one_sentence() {
    for (const QStringList& words :
         {QStringList{"remove"}, {"remove", "first"}, {"remove", "1", "2"}, {"clear", "1"}}) {
      const Outcome outcome = memory(words);
      QCOMPARE(outcome.status, 2);
      QVERIFY2(outcome.err.startsWith("facet: ") && outcome.err.count('\n') == 1, qPrintable(outcome.err));
    }
    QCOMPARE(memory({"list"}).out.count('\n'), 2);
  }

  // Looking makes nothing, and neither does deleting.
  void a_folder_without_conversations_stays_empty() {
    const QString data = folder_->filePath("elsewhere");
    for (const QStringList& words : {QStringList{"list"}, {"remove", "1"}, {"clear"}}) {
      const Outcome outcome = facet(QStringList{"memory"} + words + QStringList{"--data", data});
      QCOMPARE(outcome.status, 1);
      QVERIFY2(outcome.err.startsWith("facet: There are no conversations yet"), qPrintable(outcome.err));
    }
    QVERIFY(!QFile::exists(data));
  }

  // One program writes at a time.
  void an_open_window_is_not_disturbed() {
    const auto window = must(agent::Store::open(folder_->filePath("data/facet.sqlite").toStdString()));
    QCOMPARE(memory({"list"}).status, 0);
    const Outcome outcome = memory({"clear"});
    QCOMPARE(outcome.status, 1);
    QCOMPARE(outcome.err.count('\n'), 1);
    QCOMPARE(memory({"list"}).out.count('\n'), 2);
  }

 private:
  struct Outcome {
    int status = -1;
    QString out;
    QString err;
  };
  static Outcome facet(const QStringList& arguments) {
    QProcess process;
    process.start(QStringLiteral(FACET_PROGRAM), arguments);
    if (!process.waitForFinished(300'000)) qFatal("facet does not end");
    return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
            QString::fromUtf8(process.readAllStandardError())};
  }
  Outcome memory(const QStringList& words) const {
    return facet(QStringList{"memory"} + words + QStringList{"--data", folder_->filePath("data")});
  }

  std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_GUILESS_MAIN(MemoryCommandTest)
#include "memory_command_test.moc"
