#include "agent/utf8.h"

#include <QStringDecoder>
#include <QtTest>

using namespace facet::agent;

class Utf8Test : public QObject {
  Q_OBJECT

 private slots:
  // Every sequence of two and a large sample of longer ones is judged as Qt's decoder judges it.
  void judges_sequences_as_qt_does() {
    const auto check = [](const QByteArray& bytes) {
      QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::Stateless);
      const QString decoded = decoder(bytes);
      const bool valid = !decoder.hasError();
      QCOMPARE(is_utf8(bytes.toStdString()), valid);
      const std::string mended = to_utf8(bytes.toStdString());
      QVERIFY(is_utf8(mended));
      if (valid) QCOMPARE(mended, decoded.toStdString());
    };
    for (int a = 0; a < 256; ++a)
      for (int b = 0; b < 256; ++b)
        check(QByteArray().append(static_cast<char>(a)).append(static_cast<char>(b)));
    const unsigned char edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2,
                                   0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff};
    for (const unsigned char a : edges)
      for (const unsigned char b : edges)
        for (const unsigned char c : edges)
          for (const unsigned char d : edges)
            check(QByteArray().append(char(a)).append(char(b)).append(char(c)).append(char(d)));
  }

  void replaces_byte_by_byte() {
    QCOMPARE(to_utf8("a\xff\xfe z"), std::string("a\uFFFD\uFFFD z"));
    QCOMPARE(to_utf8("cut \xe2\x82"), std::string("cut \uFFFD\uFFFD"));
    QCOMPARE(to_utf8(std::string("a\0b", 3)), std::string("a\0b", 3));
  }

  void prefixes_end_between_code_points() {
    const std::string text = "aé€🙂";  // 1, 2, 3 and 4 bytes
    const std::size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
    for (std::size_t bytes = 0; bytes < std::size(expected); ++bytes)
      QCOMPARE(utf8_prefix(text, bytes).size(), expected[bytes]);
  }

  void titles_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("title");
    QTest::newRow("short") << "What is in a.txt?"
                           << "What is in a.txt?";
    QTest::newRow("first line") << "\n  Hello \r\nWorld"
                                << "Hello";
    QTest::newRow("empty") << ""
                           << "";
    QTest::newRow("blank") << " \n\t "
                           << "";
    QTest::newRow("sixty") << QString(60, 'a') << QString(60, 'a');
    QTest::newRow("one word") << QString(61, 'a') << QString(60, 'a') + "…";
    QTest::newRow("at a word") << "The quick brown fox jumps over the lazy dog and then sleeps until noon"
                               << "The quick brown fox jumps over the lazy dog and then sleeps…";
    QTest::newRow("border on a space") << QString(60, 'a') + " b" << QString(60, 'a') + "…";
    QTest::newRow("characters, not bytes") << QString("é").repeated(60) << QString("é").repeated(60);
    QTest::newRow("long second word") << "See " + QString(100, 'x') << "See " + QString(56, 'x') + "…";
  }
  void titles() {
    QFETCH(QString, text);
    QFETCH(QString, title);
    QCOMPARE(QString::fromStdString(title_of(text.toStdString())), title);
  }
};

QTEST_APPLESS_MAIN(Utf8Test)
#include "utf8_test.moc"
