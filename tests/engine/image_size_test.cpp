#include "engine/media/image_size.h"

#include <QTest>

#include "engine/media.h"
#include "media_vectors.h"

using namespace facet;
using namespace facet::engine;

// The size a picture is brought to, against published cases, and its bounds where there are none.
class ImageSizeTest : public QObject {
  Q_OBJECT

 private slots:
  void published_cases_data();
  void published_cases();
  void models_without_an_encoder_take_whole_squares();
  void no_picture_exceeds_its_budget();
  void refuses_what_has_no_size();
};

void ImageSizeTest::published_cases_data() {
  QTest::addColumn<int>("index");
  const nlohmann::json cases = media_vectors::read("vectors/vision-image-sizes.json")["cases"];
  QCOMPARE(cases.size(), std::size_t{75});
  for (int i = 0; i < static_cast<int>(cases.size()); ++i) {
    const nlohmann::json& item = cases[static_cast<std::size_t>(i)];
    QTest::addRow("%d x %d at %d", item["width"].get<int>(), item["height"].get<int>(), item["budget"].get<int>()) << i;
  }
}

void ImageSizeTest::published_cases() {
  QFETCH(int, index);
  static const nlohmann::json cases = media_vectors::read("vectors/vision-image-sizes.json")["cases"];
  const nlohmann::json& item = cases[static_cast<std::size_t>(index)];
  const std::uint32_t budget = item["budget"];
  QVERIFY(std::find(kImageBudgets.begin(), kImageBudgets.end(), budget) != kImageBudgets.end());
  const auto size = target_image_size(item["width"], item["height"], budget);
  QVERIFY(size.ok());
  QCOMPARE(size->width, item["resized_width"].get<std::uint32_t>());
  QCOMPARE(size->height, item["resized_height"].get<std::uint32_t>());
  QCOMPARE(size->soft_tokens(), (Grid{item["grid_w"], item["grid_h"]}));
  QCOMPARE(size->patches(kEncoderPatchSide).count(), item["patches"].get<std::uint64_t>());
  QCOMPARE(size->soft_tokens().count(), item["soft_tokens"].get<std::uint64_t>());
  QCOMPARE(std::uint64_t{budget} * 9, item["padded_rows"].get<std::uint64_t>());
}

// They have one patch for each soft token, and a table of 1120 positions for each axis, which suffices for the longest
// side that a picture can get.
void ImageSizeTest::models_without_an_encoder_take_whole_squares() {
  const auto longest = target_image_size(65535, 1, 1120);
  QVERIFY(longest.ok());
  QCOMPARE(*longest, (TargetSize{53760, 48}));
  QCOMPARE(longest->patches(kWholePatchSide), (Grid{1120, 1}));
  QCOMPARE(longest->patches(kEncoderPatchSide), (Grid{3360, 3}));
  const auto screen = target_image_size(1920, 1080, 280);
  QVERIFY(screen.ok());
  QCOMPARE(screen->patches(kWholePatchSide), screen->soft_tokens());
  QCOMPARE(screen->soft_tokens(), (Grid{22, 12}));
}

// Among them squares at a budget of 1, where the factor is a rounding away from leaving nothing.
void ImageSizeTest::no_picture_exceeds_its_budget() {
  for (const std::uint32_t budget : {1U, 2U, 3U, 7U, 70U, 140U, 280U, 560U, 1119U, 1120U}) {
    for (const std::uint32_t width : {1U, 2U, 47U, 48U, 49U, 969U, 4439U, 16383U, 46708U, 65535U})
      for (const std::uint32_t height : {1U, 3U, 48U, 70U, 969U, 1119U, 1121U, 4095U}) {
        const auto size = target_image_size(width, height, budget);
        QVERIFY(size.ok());
        QVERIFY(size->width % 48 == 0 && size->height % 48 == 0);
        QVERIFY(size->soft_tokens().count() >= 1 && size->soft_tokens().count() <= budget);
      }
  }
  for (const std::uint32_t side : {969U, 4439U, 7130U, 15726U})
    QCOMPARE(*target_image_size(side, side, 1), (TargetSize{48, 48}));
}

void ImageSizeTest::refuses_what_has_no_size() {
  QVERIFY(!target_image_size(0, 10, 70).ok());
  QVERIFY(!target_image_size(40000, 40000, 70).ok());
  for (const std::uint32_t budget : {0U, 1121U}) {
    const auto size = target_image_size(10, 10, budget);
    QVERIFY(!size.ok());
    QCOMPARE(QString::fromStdString(size.error().message),
             QString("A picture can not be given %1 tokens; it takes between 1 and 1120.").arg(budget));
  }
}

QTEST_APPLESS_MAIN(ImageSizeTest)
#include "image_size_test.moc"
