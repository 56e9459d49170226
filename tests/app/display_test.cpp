#include <QProcess>
#include <QtTest>

// What keeps a window from being opened is said in one sentence.
class DisplayTest : public QObject {
  Q_OBJECT

 private slots:
  void says_that_there_is_no_display_data();
  void says_that_there_is_no_display();
  void a_command_behind_an_option_opens_no_window();
};

void DisplayTest::says_that_there_is_no_display_data() {
  QTest::addColumn<QString>("display");
  QTest::newRow("none is named") << QString();
  QTest::newRow("it does not answer") << ":64999";
  QTest::newRow("it is no display") << "nonsense";
}

void DisplayTest::says_that_there_is_no_display() {
  QFETCH(QString, display);
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  environment.remove("WAYLAND_DISPLAY");
  environment.remove("QT_QPA_PLATFORM");
  environment.remove("DISPLAY");
  if (!display.isEmpty()) environment.insert("DISPLAY", display);
  QProcess process;
  process.setProcessEnvironment(environment);
  process.start(QStringLiteral(FACET_PROGRAM), QStringList());
  QVERIFY(process.waitForFinished(60'000));
  QCOMPARE(process.exitStatus(), QProcess::NormalExit);
  QCOMPARE(process.exitCode(), 1);
  const QByteArray words = process.readAllStandardError();
  QCOMPARE(words.count('\n'), 1);
  QVERIFY2(words.startsWith("facet: No window can be opened here ("), words.constData());
  QVERIFY2(words.contains(display.toUtf8()), words.constData());
  QVERIFY2(words.contains("'facet ask'"), words.constData());
}

void DisplayTest::a_command_behind_an_option_opens_no_window() {
  QProcess process;
  process.start(QStringLiteral(FACET_PROGRAM),
                {"-platform", "offscreen", "--backend", "cpu", "ask", "What is the budget?"});
  QVERIFY(process.waitForFinished(60'000));
  QCOMPARE(process.exitCode(), 2);
  const QByteArray words = process.readAllStandardError();
  QVERIFY2(words.contains("'ask' stands behind one"), words.constData());
}

QTEST_GUILESS_MAIN(DisplayTest)
#include "display_test.moc"
