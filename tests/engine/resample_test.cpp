#include "engine/media/resample.h"

#include <QTest>
#include <cstdlib>

#include "media_vectors.h"

using namespace facet::engine;

// Scaled pictures, byte for byte as Pillow's.
class ResampleTest : public QObject {
  Q_OBJECT

 private slots:
  void published_weights();
  void published_cases_data();
  void published_cases();
  void a_size_that_stays_is_left_alone();
  void plain_pictures_stay_plain();
  void sums_fit_their_type();
};

void ResampleTest::published_weights() {
  const nlohmann::json rows = media_vectors::read("vectors/vision-bicubic.json")["coefficients_13_to_7"];
  const ResampleWeights axis = bicubic_weights(13, 7);
  QCOMPARE(rows.size(), axis.first.size());
  for (const nlohmann::json& row : rows) {
    const std::size_t out = row["out"];
    const std::int32_t* weights = &axis.weights[out * axis.taps];
    QCOMPARE(axis.first[out], row["first_in"].get<std::uint32_t>());
    QCOMPARE(std::vector<std::int32_t>(weights, weights + axis.count[out]),
             row["weights_q22"].get<std::vector<std::int32_t>>());
  }
}

void ResampleTest::published_cases_data() {
  QTest::addColumn<int>("index");
  const nlohmann::json cases = media_vectors::read("vectors/vision-bicubic.json")["cases"];
  QCOMPARE(cases.size(), std::size_t{10});
  for (int i = 0; i < static_cast<int>(cases.size()); ++i) {
    const nlohmann::json& item = cases[static_cast<std::size_t>(i)];
    QTest::addRow("%s %d x %d to %d x %d", item["image"].get<std::string>().c_str(), item["width"].get<int>(),
                  item["height"].get<int>(), item["resized_width"].get<int>(), item["resized_height"].get<int>())
        << i;
  }
}

void ResampleTest::published_cases() {
  QFETCH(int, index);
  static const nlohmann::json cases = media_vectors::read("vectors/vision-bicubic.json")["cases"];
  const nlohmann::json& item = cases[static_cast<std::size_t>(index)];
  const bool is_pattern = item["image"] == "pattern";
  const RgbImage image = is_pattern ? media_vectors::pattern(item["width"], item["height"])
                                    : media_vectors::smooth(item["width"], item["height"]);
  const RgbImage scaled = resample_bicubic(image, item["resized_width"], item["resized_height"]);
  QVERIFY(check(scaled).ok());
  QCOMPARE(media_vectors::sha256(scaled.pixels), QString::fromStdString(item["sha256_rgb_bytes"]));
  if (!item.contains("all_rgb_rows")) return;
  std::vector<std::uint8_t> pixels;
  for (const nlohmann::json& row : item["all_rgb_rows"])
    for (const nlohmann::json& pixel : row)
      for (const nlohmann::json& value : pixel)
        pixels.push_back(value);
  QCOMPARE(scaled.pixels, pixels);
}

void ResampleTest::a_size_that_stays_is_left_alone() {
  const RgbImage image = media_vectors::pattern(48, 96);
  QCOMPARE(resample_bicubic(image, 48, 96), image);
}

// A picture of one colour has that colour in every size, for the weights add up to one.
void ResampleTest::plain_pictures_stay_plain() {
  for (const std::uint32_t value : {0U, 1U, 128U, 255U}) {
    const auto plain = [&](std::uint32_t width, std::uint32_t height) {
      return media_vectors::draw(width, height, [&](auto, auto, auto) { return value; });
    };
    for (const auto& [width, height] : {std::pair{1U, 1U}, {5U, 1U}, {1U, 3000U}, {700U, 33U}})
      QCOMPARE(resample_bicubic(plain(width, height), 48, 96), plain(48, 96));
  }
}

// The sums of an output have 32 bits: so do those of the largest values, where only weights of one sign count.
void ResampleTest::sums_fit_their_type() {
  const std::uint32_t sizes[] = {1, 2, 3, 4, 5, 7, 13, 48, 97, 336, 1000, 4000, 53760, 65535};
  for (const std::uint32_t in : sizes)
    for (const std::uint32_t out : sizes) {
      const ResampleWeights axis = bicubic_weights(in, out);
      for (std::size_t i = 0; i < out; ++i) {
        QVERIFY(axis.first[i] + axis.count[i] <= in);
        std::int64_t absolute = 0;
        std::int64_t sum = 0;
        for (std::size_t t = 0; t < axis.count[i]; ++t) {
          absolute += std::abs(axis.weights[i * axis.taps + t]);
          sum += axis.weights[i * axis.taps + t];
        }
        QVERIFY(absolute * 255 + (1 << (kResampleBits - 1)) < INT32_MAX);
        QVERIFY(std::abs(sum - (1 << kResampleBits)) <= axis.count[i] / 2 + 1);
      }
    }
}

QTEST_APPLESS_MAIN(ResampleTest)
#include "resample_test.moc"
