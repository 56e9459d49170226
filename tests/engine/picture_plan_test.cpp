#include "engine/media/picture_plan.h"

#include <QtTest>
#include <cmath>
#include <random>

using namespace facet::engine;
Q_DECLARE_METATYPE(facet::engine::RgbImage)

// What kind of picture it is, and how closely a model looks at it.
class PicturePlanTest : public QObject {
  Q_OBJECT

 private slots:
  void content_data();
  void content();
  void the_budget_follows_from_the_content();
  void a_small_picture_is_enlarged_twice();
  void text_keeps_its_size_data();
  void text_keeps_its_size();
  void tiles_cover_the_picture_and_overlap_data();
  void tiles_cover_the_picture_and_overlap();
  void too_much_text_is_shrunk();
  void a_wish_is_respected();
  void what_cannot_be_is_refused();
  void parts_are_cut_out();
};

namespace {

using Draw = std::function<double(std::uint32_t x, std::uint32_t y)>;

RgbImage picture(std::uint32_t width, std::uint32_t height, const Draw& brightness) {
  RgbImage image{width, height, {}};
  image.pixels.reserve(std::size_t{width} * height * 3);
  for (std::uint32_t y = 0; y < height; ++y)
    for (std::uint32_t x = 0; x < width; ++x)
      for (int channel = 0; channel < 3; ++channel)
        image.pixels.push_back(static_cast<std::uint8_t>(std::clamp(brightness(x, y), 0.0, 255.0)));
  return image;
}

// Lines of strokes as wide as those of letters, on even ground.
Draw page(double ground, double ink, double noise = 0) {
  return [=, random = std::make_shared<std::mt19937>(3)](std::uint32_t x, std::uint32_t y) {
    const bool in_line = y % 20 > 7 && x > 40;
    const bool in_word = (x / 60 + y / 20 * 7) % 5 != 0;
    const bool in_stroke = (x * 7 + y / 20 * 3) % 11 < 2;
    std::normal_distribution<double> grain(0, noise == 0 ? 1 : noise);
    return (in_line && in_word && in_stroke ? ink : ground) + (noise == 0 ? 0 : grain(*random));
  };
}

// Waves of all lengths, the long ones the strongest, as in what a camera sees; and its noise.
Draw landscape(double noise) {
  return [=, random = std::make_shared<std::mt19937>(4)](std::uint32_t x, std::uint32_t y) {
    double value = 128;
    for (int octave = 0; octave < 7; ++octave) {
      const double f = 0.004 * std::exp2(octave);
      value += 45 / std::exp2(octave * 0.8) * std::sin(f * x + 1.3 * octave) * std::cos(f * 0.8 * y + octave);
    }
    std::normal_distribution<double> grain(0, noise);
    return value + grain(*random);
  };
}

}  // namespace

void PicturePlanTest::content_data() {
  QTest::addColumn<RgbImage>("image");
  QTest::addColumn<int>("expected");
  const auto row = [](const char* name, const RgbImage& image, PictureContent content) {
    QTest::newRow(name) << image << static_cast<int>(content);
  };
  row("page", picture(600, 800, page(255, 0)), PictureContent::Text);
  row("dark window", picture(800, 600, page(30, 200)), PictureContent::Text);
  row("pale ink", picture(800, 600, page(240, 150)), PictureContent::Text);
  row("scan", picture(600, 800, page(235, 40, 1.5)), PictureContent::Text);
  row("landscape", picture(800, 600, landscape(3)), PictureContent::Photo);
  row("smooth landscape", picture(800, 600, landscape(0.1)), PictureContent::Photo);
  row("grainy landscape", picture(800, 600, landscape(20)), PictureContent::Photo);
  row("one colour", picture(800, 600, [](auto, auto) { return 90; }), PictureContent::Photo);
  row("one pixel high", picture(800, 1, page(255, 0)), PictureContent::Photo);
  row("one pixel wide", picture(1, 800, page(255, 0)), PictureContent::Photo);
  row("small page", picture(128, 100, page(255, 0)), PictureContent::Thumbnail);
}

void PicturePlanTest::content() {
  QFETCH(RgbImage, image);
  QFETCH(int, expected);
  QCOMPARE(static_cast<int>(picture_content(image)), expected);
}

void PicturePlanTest::the_budget_follows_from_the_content() {
  const auto budget = [](const RgbImage& image) { return plan_picture(image).value().budget; };
  QCOMPARE(budget(picture(600, 800, page(255, 0))), 1120U);
  QCOMPARE(budget(picture(800, 600, landscape(3))), 280U);
  QCOMPARE(budget(picture(64, 64, page(255, 0))), 70U);
}

// 4 * width * height pixels of 48 * 48 for a soft token.
void PicturePlanTest::a_small_picture_is_enlarged_twice() {
  const auto budget = [](const RgbImage& image) { return plan_picture(image).value().budget; };
  QCOMPARE(budget(picture(400, 100, page(255, 0))), 70U);   // 69.4
  QCOMPARE(budget(picture(400, 104, page(255, 0))), 140U);  // 72.2
  QCOMPARE(budget(picture(400, 300, page(255, 0))), 280U);  // 208.3
  QCOMPARE(budget(picture(600, 400, page(255, 0))), 560U);  // 416.7
  QCOMPARE(budget(picture(200, 150, landscape(3))), 70U);   // 52.1
  QCOMPARE(budget(picture(400, 300, landscape(3))), 280U);
}

void PicturePlanTest::text_keeps_its_size_data() {
  QTest::addColumn<unsigned>("width");
  QTest::addColumn<unsigned>("height");
  QTest::addColumn<unsigned>("columns");
  QTest::addColumn<unsigned>("rows");
  // Up to 1120 * 48 * 48 = 2.58 million pixels in one.
  QTest::newRow("small window") << 800U << 600U << 1U << 1U;
  QTest::newRow("1920 x 1080") << 1920U << 1080U << 1U << 1U;
  QTest::newRow("2560 x 1440") << 2560U << 1440U << 2U << 1U;
  QTest::newRow("3840 x 2160") << 3840U << 2160U << 2U << 2U;
  QTest::newRow("a page at 300 dots an inch") << 2480U << 3508U << 2U << 2U;
  QTest::newRow("a long page") << 1000U << 6000U << 1U << 3U;
}

void PicturePlanTest::text_keeps_its_size() {
  QFETCH(unsigned, width);
  QFETCH(unsigned, height);
  QFETCH(unsigned, columns);
  QFETCH(unsigned, rows);
  const PicturePlan plan = plan_picture(picture(width, height, page(255, 0))).value();
  QCOMPARE(plan.tiles.columns, columns);
  QCOMPARE(plan.tiles.rows, rows);
  QCOMPARE(plan.parts.size(), std::size_t{columns} * rows);
  // Sides are rounded down to multiples of 48.
  QVERIFY2(plan.shrinking < 1.08, qPrintable(QString::number(plan.shrinking)));
  std::uint64_t tokens = 0;
  for (const PictureArea& part : plan.parts)
    tokens += target_image_size(part.width, part.height, 1120).value().soft_tokens().count();
  QCOMPARE(plan.soft_tokens, tokens);
}

void PicturePlanTest::tiles_cover_the_picture_and_overlap_data() {
  text_keeps_its_size_data();
}

void PicturePlanTest::tiles_cover_the_picture_and_overlap() {
  QFETCH(unsigned, width);
  QFETCH(unsigned, height);
  const PicturePlan plan = plan_picture(picture(width, height, page(255, 0))).value();
  const Grid tiles = plan.tiles;
  for (std::uint32_t i = 0; i < tiles.count(); ++i) {
    const PictureArea& part = plan.parts[i];
    if (i < tiles.columns) QCOMPARE(part.y, 0U);
    if (i % tiles.columns == 0) QCOMPARE(part.x, 0U);
    const auto next_right = [&] { return plan.parts[i + 1]; };
    if (i % tiles.columns + 1 == tiles.columns) {
      QCOMPARE(part.x + part.width, width);
    } else {
      QVERIFY(part.x + part.width >= next_right().x + kTileOverlap);
      QVERIFY(part.x + part.width <= next_right().x + kTileOverlap + 2);
    }
    if (i + tiles.columns >= tiles.count()) {
      QCOMPARE(part.y + part.height, height);
    } else {
      QVERIFY(part.y + part.height >= plan.parts[i + tiles.columns].y + kTileOverlap);
      QVERIFY(part.y + part.height <= plan.parts[i + tiles.columns].y + kTileOverlap + 2);
    }
  }
}

void PicturePlanTest::too_much_text_is_shrunk() {
  const PicturePlan plan = plan_picture(picture(6000, 8000, page(255, 0))).value();
  QCOMPARE(plan.parts.size(), std::size_t{kMostTiles});
  QVERIFY(plan.shrinking > 1.7 && plan.shrinking < 2);  // 48 million pixels where 15.5 would be seen
}

void PicturePlanTest::a_wish_is_respected() {
  const PicturePlan plan = plan_picture(3840, 2160, 280).value();
  QCOMPARE(plan.budget, 280U);
  QCOMPARE(plan.parts, (std::vector<PictureArea>{{0, 0, 3840, 2160}}));
  QVERIFY(plan.soft_tokens > 230 && plan.soft_tokens <= 280);
  QVERIFY(plan.shrinking > 3.5 && plan.shrinking < 4);
}

void PicturePlanTest::what_cannot_be_is_refused() {
  QVERIFY(!plan_picture(100, 100, 0).ok());
  QVERIFY(!plan_picture(100, 100, 1121).ok());
  QVERIFY(!plan_picture(0, 100, 280).ok());
  QVERIFY(!plan_picture(70000, 100, 280).ok());
  QVERIFY(!plan_picture(RgbImage{100, 100, {1, 2, 3}}).ok());
}

void PicturePlanTest::parts_are_cut_out() {
  const RgbImage whole = picture(7, 5, [](std::uint32_t x, std::uint32_t y) { return 10 * y + x; });
  const RgbImage part = cut_out(whole, {2, 1, 3, 4});
  QCOMPARE(part.width, 3U);
  QCOMPARE(part.height, 4U);
  QCOMPARE(part.pixels.size(), std::size_t{36});
  for (std::uint32_t y = 0; y < 4; ++y)
    for (std::uint32_t x = 0; x < 3; ++x)
      for (std::size_t channel = 0; channel < 3; ++channel)
        QCOMPARE(unsigned{part.pixels[(std::size_t{y} * 3 + x) * 3 + channel]}, 10 * (y + 1) + x + 2);
}

QTEST_APPLESS_MAIN(PicturePlanTest)
#include "picture_plan_test.moc"
