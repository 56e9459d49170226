#include <QImage>
#include <QtTest>
#include <nlohmann/json.hpp>

#include "media_fixture.h"

using namespace facet;
using namespace facet::tools::media;

class MediaPictureTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    QVERIFY(folder_.make_pictures());
    index_ = nlohmann::json::parse(folder_.read("index.json").toStdString(), nullptr, /*allow_exceptions=*/false);
    QVERIFY(index_.is_array() && index_.size() > 60);
  }

  // Every coding and arrangement of pixels, and all eight orientations, against what Pillow makes of the same file.
  void decodes_as_pillow_does_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<quint32>("width");
    QTest::addColumn<quint32>("height");
    QTest::addColumn<int>("most");
    QTest::addColumn<double>("mean");
    for (const auto& entry : index_) {
      const std::string name = entry.at("file");
      QTest::newRow(name.c_str()) << QString::fromStdString(name) << entry.at("width").get<quint32>()
                                  << entry.at("height").get<quint32>() << entry.at("most").get<int>()
                                  << entry.at("mean").get<double>();
    }
  }
  void decodes_as_pillow_does() {
    QFETCH(QString, name);
    QFETCH(quint32, width);
    QFETCH(quint32, height);
    QFETCH(int, most);
    QFETCH(double, mean);
    const auto picture = test::reader().picture(folder_.open(name));
    QVERIFY2(picture.ok(), picture.ok() ? "" : picture.error().message.c_str());
    QCOMPARE(picture->image.width, width);
    QCOMPARE(picture->image.height, height);
    QVERIFY(!picture->is_damaged);
    const test::Difference found = test::difference(picture->image.pixels, folder_.read(name + ".rgb"));
    const std::string text = "largest " + std::to_string(found.most) + ", mean " + std::to_string(found.mean);
    QVERIFY2(found.most <= most && found.mean <= mean, text.c_str());

    const auto facts = test::reader().describe(folder_.open(name));
    QVERIFY2(facts.ok(), facts.ok() ? "" : facts.error().message.c_str());
    QCOMPARE(facts->kind, MediaKind::Picture);
    QVERIFY(!facts->has_sound);
    // Portable maps have their size in text and JPEG XL in single bits, which is left to the decoder.
    if (!name.endsWith(".ppm") && !name.endsWith(".pgm") && !name.endsWith(".jxl")) {
      QCOMPARE(facts->width, width);
      QCOMPARE(facts->height, height);
    }
  }

 private:
  test::MediaFolder folder_;
  nlohmann::json index_;
};

QTEST_GUILESS_MAIN(MediaPictureTest)
#include "media_picture_test.moc"
