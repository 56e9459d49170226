#include <QTest>
#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "tests/engine/emulated/emulated_kernels.h"
#include "tests/engine/kernel_products.h"

using namespace facet::engine;

namespace {

// Rounded columns, in a common block of memory or each on its own.
class Columns {
 public:
  Columns(const Kernels& kernels, std::size_t count, std::size_t inputs, bool scattered, std::mt19937& random)
      : codes_(count * 2 * inputs), floats_(count, std::vector<float>(4 * inputs / kActivationGroup)) {
    std::vector<std::size_t> places(count);
    std::iota(places.begin(), places.end(), std::size_t{0});
    if (scattered) std::shuffle(places.begin(), places.end(), random);
    std::normal_distribution<float> values;
    std::vector<float> x(inputs);
    const std::size_t groups = inputs / kActivationGroup;
    for (std::size_t c = 0; c < count; ++c) {
      for (float& value : x)
        value = values(random);
      float* floats = floats_[c].data();
      columns_.push_back({codes_.data() + places[c] * 2 * inputs, floats, floats + groups, floats + 2 * groups});
      kernels.panels.round_column(x.data(), inputs, columns_.back());
    }
  }

  const RoundedColumn* data() const { return columns_.data(); }
  std::size_t count() const { return columns_.size(); }

 private:
  std::vector<std::int8_t> codes_;
  std::vector<std::vector<float>> floats_;
  std::vector<RoundedColumn> columns_;
};

// Any codes, scales and minima: all that the products may rely on is that they are there.
void fill(Panel& panel, std::mt19937& random) {
  std::normal_distribution<float> values;
  for (std::uint8_t& code : panel.codes)
    code = static_cast<std::uint8_t>(random());
  for (float& scale : panel.scales)
    scale = values(random);
  for (float& minimum : panel.minima)
    minimum = values(random);
}

struct Shape {
  std::size_t inputs;
  std::size_t first_input;
  std::size_t rows;
  bool accumulate;
};

// Every column has a guard behind the rows that are asked for.
std::vector<float> multiply(const PanelFormat& format, const Panel& panel, const Columns& columns, const Shape& shape) {
  constexpr std::size_t kStride = kPanelRows + 8;
  std::vector<float> cells(columns.count() * kStride);
  std::vector<float*> out;
  for (std::size_t i = 0; i < cells.size(); ++i)
    cells[i] = static_cast<float>(i % 97) - 40.0F;
  for (std::size_t c = 0; c < columns.count(); ++c)
    out.push_back(cells.data() + c * kStride);
  format.multiply(panel, shape.inputs, columns.data(), columns.count(), shape.first_input,
                  {out.data(), 3, shape.rows, shape.accumulate});
  return cells;
}

// Two numbers that are none are equal here.
bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

// Kernels for instructions that this machine need not have, by way of emulated instructions.
class EmulatedKernelsTest : public QObject {
  Q_OBJECT

 private slots:
  void tiles_give_the_same_bits_data();
  void tiles_give_the_same_bits();
  void tiles_add_up_what_no_float_rounds_data() { tiles_give_the_same_bits_data(); }
  void tiles_add_up_what_no_float_rounds();
  void products_are_right_data();
  void products_are_right();
};

void EmulatedKernelsTest::tiles_give_the_same_bits_data() {
  QTest::addColumn<int>("set");
  QTest::addColumn<int>("format");
  const auto sets = emulated_tiles_kernels();
  for (std::size_t set = 0; set < sets.size(); ++set)
    for (const FormatInfo& format : all_formats())
      if (sets[set].plain->panels.format(format.format) != nullptr)
        QTest::addRow("%s, %s", sets[set].tiled->name, format.name.data())
            << static_cast<int>(set) << static_cast<int>(format.format);
}

void EmulatedKernelsTest::tiles_give_the_same_bits() {
  QFETCH(int, set);
  QFETCH(int, format);
  const auto [tiled, plain] = emulated_tiles_kernels()[static_cast<std::size_t>(set)];
  const PanelFormat& tiled_format = *tiled->panels.format(static_cast<Format>(format));
  const PanelFormat& plain_format = *plain->panels.format(static_cast<Format>(format));
  QVERIFY(tiled_format.multiply != plain_format.multiply);
  const std::size_t block = format_info(static_cast<Format>(format)).block_elements;

  std::mt19937 random(11);
  Panel panel;
  fill(panel, random);
  const Shape shapes[] = {
      {block, 0, 16, false}, {512, 0, 16, true}, {512, 512, 16, false}, {2 * block, block, 7, true}};
  for (const Shape& shape : shapes) {
    for (const std::size_t count : {1, 2, 3, 4, 5, 15, 16, 17, 20, 33, 49}) {
      for (const bool scattered : {false, true}) {
        const Columns columns(*plain, count, shape.first_input + shape.inputs, scattered, random);
        QVERIFY2(
            same_bits(multiply(tiled_format, panel, columns, shape), multiply(plain_format, panel, columns, shape)),
            qPrintable(QString("%1 columns of %2 inputs").arg(count).arg(shape.inputs)));
      }
    }
  }
}

// With codes at their limits and scales of one, every sum is a whole number below 2^24, known without any kernel.
void EmulatedKernelsTest::tiles_add_up_what_no_float_rounds() {
  QFETCH(int, set);
  QFETCH(int, format);
  const Kernels& tiled = *emulated_tiles_kernels()[static_cast<std::size_t>(set)].tiled;
  const PanelFormat& tiled_format = *tiled.panels.format(static_cast<Format>(format));
  constexpr std::size_t kCount = 21;
  constexpr std::size_t kInputs = 512;

  Panel panel;
  for (std::size_t i = 0; i < panel.codes.size(); ++i)
    panel.codes[i] = i % 5 == 0 ? 0 : 255;
  panel.scales.fill(1.0F);
  panel.minima.fill(0.0F);
  // The sums of a column's codes are left out: what a format subtracts for them is zero then.
  std::vector<std::int8_t> codes(kCount * kInputs);
  const std::vector<float> ones(kInputs / kActivationGroup, 1.0F);
  const std::vector<float> zeros(kInputs / 16, 0.0F);
  std::vector<RoundedColumn> columns;
  std::vector<float> cells(kCount * kPanelRows);
  std::vector<float*> out;
  for (std::size_t c = 0; c < kCount; ++c) {
    for (std::size_t i = 0; i < kInputs; ++i)
      codes[c * kInputs + i] = static_cast<std::int8_t>((i + c) % 3 == 0 ? -127 : 127);
    columns.push_back({codes.data() + c * kInputs, const_cast<float*>(ones.data()), const_cast<float*>(zeros.data()),
                       const_cast<float*>(zeros.data())});
    out.push_back(cells.data() + c * kPanelRows);
  }
  tiled_format.multiply(panel, kInputs, columns.data(), kCount, 0, {out.data(), 0, kPanelRows, false});
  for (std::size_t c = 0; c < kCount; ++c) {
    for (std::size_t row = 0; row < kPanelRows; ++row) {
      int expected = 0;
      for (std::size_t i = 0; i < kInputs; ++i)
        expected += panel.codes[i / 4 * 4 * kPanelRows + 4 * row + i % 4] * codes[c * kInputs + i];
      QVERIFY(cells[c * kPanelRows + row] == static_cast<float>(expected));
    }
  }
}

void EmulatedKernelsTest::products_are_right_data() {
  QTest::addColumn<const Kernels*>("kernels");
  for (const TiledKernels& set : emulated_tiles_kernels())
    QTest::addRow("%s", set.tiled->name) << set.tiled;
  if (const Kernels* vnni = emulated_vnni_kernels()) QTest::addRow("%s", vnni->name) << vnni;
}

void EmulatedKernelsTest::products_are_right() {
  QFETCH(const Kernels*, kernels);
  int formats = 0;
  for (const FormatInfo& format : all_formats()) {
    if (format.encode == nullptr || kernels->panels.format(format.format) == nullptr) continue;
    ++formats;
    for (const std::uint32_t columns : {1U, 3U, 23U})
      QCOMPARE(kernel_products::first_mistake({kernels, &format, Products::Int8}, 768, 37, columns), std::string());
  }
  QVERIFY(formats > 0);
}

QTEST_APPLESS_MAIN(EmulatedKernelsTest)
#include "emulated_kernels_test.moc"
