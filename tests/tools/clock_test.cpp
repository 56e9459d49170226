#include <QtTest>
#include <ctime>

#include "tests/tools/tool_fixture.h"

using namespace facet::tools;
using namespace facet::tools::test;

// The time that the model is told is the one on the wall, whatever the zone.
class ClockTest : public QObject {
  Q_OBJECT

 private slots:
  void it_tells_the_local_time_data() {
    QTest::addColumn<QByteArray>("zone");
    QTest::addColumn<QString>("name");
    QTest::newRow("utc") << QByteArray("UTC0") << "UTC (UTC+00:00)";
    QTest::newRow("east, half an hour") << QByteArray("IST-5:30") << "IST (UTC+05:30)";
    QTest::newRow("west") << QByteArray("BRT3") << "BRT (UTC-03:00)";
  }
  void it_tells_the_local_time() {
    QFETCH(QByteArray, zone);
    QFETCH(QString, name);
    qputenv("TZ", zone);
    ::tzset();
    const auto now_in = [&] {
      // Qt's own account of the same moment.
      const QDateTime now = QDateTime::currentDateTimeUtc();
      const int east = zone == "UTC0" ? 0 : zone.startsWith("IST") ? 19800 : -10800;
      return QLocale::c().toString(now.toOffsetFromUtc(east), "dddd, yyyy-MM-dd HH:mm:ss ") + name;
    };
    const ToolContext context = context_of({});
    // A second, or more on a busy machine, may pass between the two.
    Outcome outcome;
    QString before;
    do {
      before = now_in();
      outcome = call(clock_tool(), Json::object(), context);
    } while (now_in() != before);
    COMPARE_TEXT(outcome.text, before.toUtf8().constData());
    QVERIFY(outcome.planned->effect == facet::agent::Effect::Read && outcome.planned->inside_folders);
  }
};

QTEST_APPLESS_MAIN(ClockTest)
#include "clock_test.moc"
