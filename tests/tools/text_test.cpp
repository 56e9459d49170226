#include "tools/text.h"

#include <QString>
#include <QtTest>
#include <algorithm>

using namespace facet::tools;

class TextTest : public QObject {
  Q_OBJECT

 private slots:
  // Every code point, compared with Qt's encoder.
  void writes_and_reads_every_code_point() {
    for (char32_t c = 0; c <= 0x10ffff; ++c) {
      if (c >= 0xd800 && c < 0xe000) continue;
      const std::string expected = QStringView(QChar::fromUcs4(c)).toUtf8().toStdString();
      std::string written;
      append_utf8(written, c);
      if (written != expected) QFAIL(qPrintable(QString::number(c, 16)));
      const Utf8Step step = utf8_step(expected);
      if (step.code_point != c || step.length != expected.size()) QFAIL(qPrintable(QString::number(c, 16)));
    }
  }

  void refuses_what_is_not_utf8_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<bool>("more");
    QTest::newRow("continuation") << QByteArray("\x80") << false;
    QTest::newRow("overlong slash") << QByteArray("\xc0\xaf") << false;
    QTest::newRow("overlong in three") << QByteArray("\xe0\x80\xaf") << false;
    QTest::newRow("overlong in four") << QByteArray("\xf0\x80\x80\xaf") << false;
    QTest::newRow("surrogate") << QByteArray("\xed\xa0\x80") << false;
    QTest::newRow("beyond the last plane") << QByteArray("\xf4\x90\x80\x80") << false;
    QTest::newRow("five bytes") << QByteArray("\xf8\x88\x80\x80\x80") << false;
    QTest::newRow("broken off") << QByteArray("\xe2\x82") << true;
    QTest::newRow("broken by another") << QByteArray("\xe2\x82z") << false;
  }
  void refuses_what_is_not_utf8() {
    QFETCH(QByteArray, bytes);
    QFETCH(bool, more);
    const Utf8Step step = utf8_step(bytes.toStdString());
    QCOMPARE(step.length, std::size_t{0});
    QCOMPARE(step.more, more);
    const std::string valid = valid_utf8(bytes.toStdString());
    QCOMPARE(QString::fromStdString(valid).toStdString(), valid);
  }

  void cuts_between_characters() {
    const std::string text = "a€b";
    const std::array<std::string, 6> expected = {"", "a", "a", "a", "a€", "a€b"};
    for (std::size_t bytes = 0; bytes < expected.size(); ++bytes)
      QCOMPARE(std::string(utf8_prefix(text, bytes)), expected[bytes]);
  }

  void writes_out_what_can_not_be_seen() {
    QCOMPARE(one_line("a\nb\tc\x7f"), std::string("a\\u{a}b\\u{9}c\\u{7f}"));
    QCOMPARE(one_line("a\u202eb é 漢"), std::string("a\u202eb é 漢"));
    QCOMPARE(plainly("a\u202eb\u200b\u00ad\ufeff é 漢\u00a0."),
             std::string("a\\u{202e}b\\u{200b}\\u{ad}\\u{feff} é 漢\\u{a0}."));
    QCOMPARE(plainly("\xff"), std::string("\xef\xbf\xbd"));
  }

  void sorts_naturally() {
    const std::vector<std::string> expected = {"",
                                               "1",
                                               "2",
                                               "10",
                                               "a1",
                                               "A2",
                                               "a02b",
                                               "a10",
                                               "a10b",
                                               "a99999999999999999998",
                                               "a99999999999999999999",
                                               "b",
                                               "file 2",
                                               "File 10"};
    std::vector<std::string> names = expected;
    std::reverse(names.begin(), names.end());
    std::sort(names.begin(), names.end(), natural_less);
    QCOMPARE(names, expected);
  }

  // Sorting is undefined unless this holds for all pairs and triples.
  void is_a_total_order() {
    const std::vector<std::string> names = {"",  "0",  "00",  "1",   "01",   "1a", "01a", "a",
                                            "A", "a1", "A01", "a1b", "a01B", "b",  "é",   "É"};
    for (const std::string& a : names)
      for (const std::string& b : names) {
        QCOMPARE(natural_less(a, b) || natural_less(b, a), a != b);
        QVERIFY(!(natural_less(a, b) && natural_less(b, a)));
        for (const std::string& c : names)
          QVERIFY(!(natural_less(a, b) && natural_less(b, c)) || natural_less(a, c));
      }
  }

  void writes_sizes_data() {
    QTest::addColumn<qint64>("bytes");
    QTest::addColumn<QString>("expected");
    QTest::newRow("none") << qint64{0} << "0 bytes";
    QTest::newRow("one") << qint64{1} << "1 byte";
    QTest::newRow("below") << qint64{999} << "999 bytes";
    QTest::newRow("kilo") << qint64{1000} << "1.0 KB";
    QTest::newRow("rounding up") << qint64{999'960} << "1.0 MB";
    QTest::newRow("mega") << qint64{1'234'567} << "1.2 MB";
    QTest::newRow("largest") << std::numeric_limits<qint64>::max() << "9223372.0 TB";
  }
  void writes_sizes() {
    QFETCH(qint64, bytes);
    QFETCH(QString, expected);
    QCOMPARE(QString::fromStdString(readable_size(bytes)), expected);
  }
};

QTEST_APPLESS_MAIN(TextTest)
#include "text_test.moc"
