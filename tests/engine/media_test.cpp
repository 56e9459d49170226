#include "engine/media.h"

#include <QTest>
#include <limits>

using namespace facet;
using namespace facet::engine;

// The limits of pictures and sound.
class MediaTest : public QObject {
  Q_OBJECT

 private slots:
  void image_sizes_have_limits_data();
  void image_sizes_have_limits();
  void images_have_all_their_values();
  void sounds_are_numbers();
};

void MediaTest::image_sizes_have_limits_data() {
  QTest::addColumn<quint64>("width");
  QTest::addColumn<quint64>("height");
  QTest::addColumn<QString>("message");
  const auto row = [](const char* name, quint64 width, quint64 height, const char* message) {
    QTest::newRow(name) << width << height << QString(message);
  };
  row("a pixel", 1, 1, "");
  row("the longest", kMaxImageSide, 1, "");
  row("the most pixels", 16384, 16384, "");
  row("one row more", 16384, 16385,
      "This picture is too large (16384 x 16385 pixels); at most 268 million pixels can be read.");
  row("huge", 40000, 40000,
      "This picture is too large (40000 x 40000 pixels); at most 268 million pixels can be read.");
  row("too long", 65536, 1, "This picture is too large (65536 x 1 pixels); a side may have at most 65535 pixels.");
  row("a product that wraps", 1ULL << 32U, 1ULL << 32U,
      "This picture is too large (4294967296 x 4294967296 pixels); a side may have at most 65535 pixels.");
  row("no width", 0, 5, "This picture has no pixels (0 x 5 pixels).");
  row("no height", 5, 0, "This picture has no pixels (5 x 0 pixels).");
}

void MediaTest::image_sizes_have_limits() {
  QFETCH(quint64, width);
  QFETCH(quint64, height);
  QFETCH(QString, message);
  const Status status = check_image_size(width, height);
  QCOMPARE(status.ok() ? QString() : QString::fromStdString(status.error().message), message);
}

void MediaTest::images_have_all_their_values() {
  QVERIFY(check(RgbImage{2, 3, std::vector<std::uint8_t>(18)}).ok());
  for (const std::size_t values : {0U, 17U, 19U}) {
    const Status status = check(RgbImage{2, 3, std::vector<std::uint8_t>(values)});
    QVERIFY(!status.ok());
    QCOMPARE(QString::fromStdString(status.error().message),
             QString("This picture is incomplete: %1 of 18 values are there.").arg(values));
  }
}

void MediaTest::sounds_are_numbers() {
  QVERIFY(check(PcmAudio{{0.0F}}).ok());
  QVERIFY(check(PcmAudio{{-1.0F, 1.0F, 1.5F}}).ok());
  QVERIFY(!check(PcmAudio{}).ok());
  for (const float odd : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const Status status = check(PcmAudio{{0.0F, odd}});
    QVERIFY(!status.ok());
    QCOMPARE(QString::fromStdString(status.error().message),
             QString("This sound holds a sample that is not a number."));
  }
  const Status too_long = check(PcmAudio{std::vector<float>(kMaxAudioSamples + 1)});
  QVERIFY(!too_long.ok());
  QCOMPARE(QString::fromStdString(too_long.error().message),
           QString("This sound is too long (3600 seconds); one piece may have at most 3600."));
}

QTEST_APPLESS_MAIN(MediaTest)
#include "media_test.moc"
