#include "engine/media/patches.h"

#include <QTest>
#include <cmath>
#include <numeric>

#include "engine/media/resample.h"
#include "media_vectors.h"

using namespace facet::engine;
using nlohmann::json;

namespace {

// The bytes that the values came from: what the hashes of the reference are taken of.
std::vector<std::uint8_t> bytes_of(const Patches& patches) {
  std::vector<std::uint8_t> bytes(patches.values.size());
  std::transform(patches.values.begin(), patches.values.end(), bytes.begin(),
                 [](float value) { return static_cast<std::uint8_t>(value * 255.0F + 0.5F); });
  return bytes;
}

RgbImage prepared(const RgbImage& image, std::uint32_t budget) {
  const auto size = target_image_size(image.width, image.height, budget);
  if (!size.ok()) qFatal("%s", size.error().message.c_str());
  return resample_bicubic(image, size->width, size->height);
}

}  // namespace

// From a picture to rows of patches, against published values and against hashes of reference pictures in every budget.
class PatchesTest : public QObject {
  Q_OBJECT

 private slots:
  void published_values();
  void reference_pictures_data();
  void reference_pictures();
  void planes_hold_the_same_values();
};

void PatchesTest::published_values() {
  const json expected = media_vectors::read("vectors/vision-patches-rope.json")["preprocess"];
  const RgbImage image = prepared(media_vectors::pattern(100, 80), 70);
  QCOMPARE((json{image.width, image.height}), expected["resized"]);
  const Patches patches = cut_patches(image, kEncoderPatchSide, PatchOrder::Interleaved);
  const std::size_t columns = patches.grid.columns;
  QCOMPARE(columns, expected["patch_width"].get<std::size_t>());
  QCOMPARE(patches.grid.count(), expected["patches"].get<std::uint64_t>());
  const auto starts_with = [](std::span<const float> values, const json& start) {
    for (std::size_t i = 0; i < start.size(); ++i)
      QVERIFY(std::abs(values[i] - start[i].get<double>()) < 1e-7);
  };
  starts_with(patches.row(0), expected["patch0_first_12"]);
  starts_with(patches.row(0).subspan(48), expected["patch0_row1_first_3"]);
  starts_with(patches.row(1), expected["patch1_first_6"]);
  starts_with(patches.row(columns), expected["patch_of_second_row_first_6"]);
  starts_with(patches.row(patches.grid.count() - 1).last(3), expected["last_patch_last_3"]);
  for (std::size_t i = 0; i < 3; ++i)
    QCOMPARE(patches.position(i), (PatchPosition{expected["positions_first_3"][i][0], 0}));
  QCOMPARE(patches.position(columns), (PatchPosition{0, 1}));
  const json& last = expected["position_last"];
  QCOMPARE(patches.position(patches.grid.count() - 1), (PatchPosition{last[0], last[1]}));
  const double sum = std::accumulate(patches.values.begin(), patches.values.end(), 0.0);
  QVERIFY(std::abs(sum - expected["patches_sum"].get<double>()) < 1e-2);
}

void PatchesTest::reference_pictures_data() {
  QTest::addColumn<int>("index");
  const json images = media_vectors::read("models/mmproj-inputs.json")["images"];
  for (int i = 0; i < static_cast<int>(images.size()); ++i)
    if (images[static_cast<std::size_t>(i)]["mode"] != "P")
      QTest::newRow(images[static_cast<std::size_t>(i)]["file"].get<std::string>().c_str()) << i;
}

// Patches of 48 pixels are those of models without an encoder.
void PatchesTest::reference_pictures() {
  QFETCH(int, index);
  static const json images = media_vectors::read("models/mmproj-inputs.json")["images"];
  const json& item = images[static_cast<std::size_t>(index)];
  const RgbImage image = media_vectors::reference_image(item);
  QCOMPARE(media_vectors::sha256(image.pixels), QString::fromStdString(item["sha256_decoded_rgb"]));
  QCOMPARE(item["budgets"].size(), kImageBudgets.size());
  for (const json& expected : item["budgets"]) {
    const RgbImage scaled = prepared(image, expected["budget"]);
    QCOMPARE((json{scaled.width, scaled.height}), expected["resized"]);
    QCOMPARE(media_vectors::sha256(scaled.pixels), QString::fromStdString(expected["sha256_pixels"]));
    const Patches small = cut_patches(scaled, kEncoderPatchSide, PatchOrder::Interleaved);
    QCOMPARE((json{small.grid.columns, small.grid.rows}), expected["patches"]);
    QCOMPARE(media_vectors::sha256(bytes_of(small)), QString::fromStdString(expected["sha256_patches16"]));
    const Patches whole = cut_patches(scaled, kWholePatchSide, PatchOrder::Interleaved);
    QCOMPARE(whole.grid.count(), expected["tokens"].get<std::uint64_t>());
    QCOMPARE(media_vectors::sha256(bytes_of(whole)), QString::fromStdString(expected["sha256_patches48"]));
  }
}

void PatchesTest::planes_hold_the_same_values() {
  const RgbImage image = media_vectors::pattern(144, 96);
  for (const std::uint32_t side : {kEncoderPatchSide, kWholePatchSide}) {
    const Patches interleaved = cut_patches(image, side, PatchOrder::Interleaved);
    const Patches planes = cut_patches(image, side, PatchOrder::Planes);
    QCOMPARE(planes.grid, interleaved.grid);
    for (std::size_t patch = 0; patch < planes.grid.count(); ++patch)
      for (std::size_t dy = 0; dy < side; ++dy)
        for (std::size_t dx = 0; dx < side; ++dx)
          for (std::size_t c = 0; c < 3; ++c)
            QCOMPARE(planes.row(patch)[c * side * side + dy * side + dx],
                     interleaved.row(patch)[(dy * side + dx) * 3 + c]);
  }
}

QTEST_APPLESS_MAIN(PatchesTest)
#include "patches_test.moc"
