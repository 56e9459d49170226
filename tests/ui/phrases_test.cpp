#include <QDir>
#include <QLocale>
#include <QtTest>

#include "ui/pages/link_dialog.h"
#include "ui/phrases.h"

using namespace facet;
using namespace facet::ui;

class PhrasesTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void durations();
  void rough_durations();
  void sizes();
  void days();
  void paths();
  void calls_data();
  void calls();
  void arguments();
  void masks_are_written_out();
  void links_that_may_be_opened();
  void diffs();
};

void PhrasesTest::diffs() {
  QVERIFY(phrases::holds_diff("Change /a/b.md\n@@ -1,2 +1,3 @@\n a\n+b"));
  QVERIFY(phrases::holds_diff("@@ -1 +1 @@\n-a\n+b"));
  QVERIFY(!phrases::holds_diff("Read /a/b.md"));
  QVERIFY(!phrases::holds_diff("- a list\n- of things\nmail me @@ home"));
}

void PhrasesTest::initTestCase() {
  QLocale::setDefault(QLocale::C);
}

void PhrasesTest::durations() {
  QCOMPARE(phrases::duration(12), "12 ms");
  QCOMPARE(phrases::duration(-5), "0 ms");
  QCOMPARE(phrases::duration(440), "0.4 s");
  QCOMPARE(phrases::duration(12340), "12.3 s");
  QCOMPARE(phrases::duration(72500), "1 min 12 s");
}

void PhrasesTest::rough_durations() {
  QCOMPARE(phrases::rough_duration(-3), "1 s");
  QCOMPARE(phrases::rough_duration(2400), "2 s");
  QCOMPARE(phrases::rough_duration(9999), "10 s");
  QCOMPARE(phrases::rough_duration(18'700), "20 s");
  QCOMPARE(phrases::rough_duration(57'000), "55 s");
  QCOMPARE(phrases::rough_duration(58'000), "1 min");
  QCOMPARE(phrases::rough_duration(150'000), "3 min");
  QCOMPARE(phrases::rough_duration(89 * 60'000), "89 min");
  QCOMPARE(phrases::rough_duration(100 * 60'000), "2 h");
}

void PhrasesTest::sizes() {
  QCOMPARE(phrases::bytes(0), "0 bytes");
  QCOMPARE(phrases::bytes(999), "999 bytes");
  QCOMPARE(phrases::bytes(1234), "1.2 kB");
  QCOMPARE(phrases::bytes(5'300'000), "5.3 MB");
}

void PhrasesTest::days() {
  const QDate today(2026, 1, 2);
  const auto group = [today](const QDateTime& when) { return phrases::day_group(when.toMSecsSinceEpoch(), today); };
  QCOMPARE(group(today.startOfDay()), "Today");
  QCOMPARE(group(today.addDays(1).startOfDay()), "Today");
  QCOMPARE(group(today.startOfDay().addMSecs(-1)), "Yesterday");
  QCOMPARE(group(today.addDays(-2).startOfDay()), "Previous 7 days");
  QCOMPARE(group(today.addDays(-7).startOfDay()), "Previous 7 days");
  QCOMPARE(group(today.addDays(-8).endOfDay()), "Earlier");
}

void PhrasesTest::paths() {
  QCOMPARE(phrases::short_path(QDir::homePath()), "~");
  QCOMPARE(phrases::short_path(QDir::homePath() + "/notes"), "~/notes");
  QCOMPARE(phrases::short_path(QDir::homePath() + "x/notes"), QDir::homePath() + "x/notes");
}

void PhrasesTest::calls_data() {
  QTest::addColumn<QString>("tool");
  QTest::addColumn<QString>("arguments");
  QTest::addColumn<QString>("title");
  QTest::addColumn<QString>("detail");
  QTest::addColumn<int>("icon");
  const auto add = [](const char* tool, const char* arguments, const char* title, const char* detail, Icon icon) {
    QTest::newRow(detail) << tool << arguments << title << QString::fromUtf8(detail) << static_cast<int>(icon);
  };
  add("read_file", R"({"path": "plan.txt"})", "Read file", "plan.txt", Icon::File);
  add("read_file", R"({"path": "a.txt", "first_line": 41, "line_count": 40})", "Read file",
      "a.txt  ·  first line 41  ·  line count 40", Icon::File);
  add("search_files", R"({"query": "two words", "path": "."})", "Search files", "two words", Icon::Search);
  add("list_files", "{}", "List files", "", Icon::Folder);
  add("run_command", R"({"command": "make\nmake test"})", "Run command", "make …", Icon::Terminal);
  add("take_screenshot", R"({"window": "all"})", "Take screenshot", "window all", Icon::Screen);
  add("frobnicate", R"({"list": [1, 2], "deep": {"a": true}})", "Frobnicate", "deep {\"a\":true}  ·  list [1,2]",
      Icon::Tool);
  add("read_file", "not json", "Read file", "", Icon::File);
}

void PhrasesTest::calls() {
  QFETCH(QString, tool);
  QFETCH(QString, arguments);
  agent::Call call;
  call.tool = tool.toStdString();
  call.arguments_json = arguments.toStdString();
  const phrases::CallSummary summary = phrases::describe_call(call);
  QTEST(summary.title, "title");
  QTEST(summary.detail, "detail");
  QTEST(static_cast<int>(summary.icon), "icon");
}

void PhrasesTest::arguments() {
  QCOMPARE(phrases::readable_arguments(R"({"path": "a\nb", "count": 3, "deep": [1]})"),
           "count: 3\ndeep: [1]\npath: a\nb");
  QCOMPARE(phrases::readable_arguments("{broken"), "{broken");
}

void PhrasesTest::masks_are_written_out() {
  QCOMPARE(phrases::unmasked(QString::fromUtf8("Read ü\n/x")), QString::fromUtf8("Read ü\n/x"));
  QCOMPARE(phrases::unmasked(QString("a") + QChar(0x202E) + "txt.exe" + QChar(0x1B) + "[2K"),
           "a\\u202etxt.exe\\u001b[2K");
}

void PhrasesTest::links_that_may_be_opened() {
  QVERIFY(can_open_link("https://example.org/a?b#c"));
  QVERIFY(can_open_link("http://example.org"));
  QVERIFY(can_open_link("mailto:ann@example.org"));
  for (const char* link : {"file:///etc/passwd", "javascript:alert(1)", "ftp://example.org", "example.org", "https://",
                           "", "data:text/html,x", "smb://host/share", "https:evil"}) {
    QVERIFY2(!can_open_link(link), link);
  }
}

QTEST_MAIN(PhrasesTest)
#include "phrases_test.moc"
