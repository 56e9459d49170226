#include <QTest>
#include <cstring>
#include <numeric>

#include "engine/cpu/cpu_backend.h"
#include "tests/engine/emulated/emulated_kernels.h"
#include "tests/engine/ops_cases.h"

using namespace facet;
using namespace facet::engine;
using namespace facet::engine::ops_cases;

namespace {

// Those of this machine and those that are emulated.
std::vector<const Kernels*> all_kernels() {
  const auto usable = usable_kernels();
  std::vector<const Kernels*> all(usable.begin(), usable.end());
  for (const TiledKernels& set : emulated_tiles_kernels())
    all.push_back(set.tiled);
  if (const Kernels* vnni = emulated_vnni_kernels()) all.push_back(vnni);
  return all;
}

std::shared_ptr<CpuBackend> backend_with(const Kernels& kernels, MatrixPlace place, int threads = 3) {
  auto backend = std::make_shared<CpuBackend>(threads, Products::Int8, kernels);
  backend->place_matrices(place);
  return backend;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

// Products with matrices that were copied from the file against those with the file's own rows, which ops_test.cpp
// compares with the formula: every bit is the same.
class CopiedMatricesTest : public QObject {
  Q_OBJECT

 private slots:
  void the_order_is_as_described_data();
  void the_order_is_as_described();
  void products_are_the_same_data();
  void products_are_the_same();
  void products_of_several_are_the_same_data() { kernels(); }
  void products_of_several_are_the_same();
  void chosen_experts_are_the_same_data() { kernels(); }
  void chosen_experts_are_the_same();
  void the_file_is_read_once();
  void floats_stay_in_the_file();
  void counts_copies();

 private:
  static void kernels() {
    QTest::addColumn<const Kernels*>("kernels");
    for (const Kernels* set : all_kernels())
      QTest::addRow("%s", set->name) << set;
  }
  static void kernels_and_formats(std::uint32_t least_block) {
    QTest::addColumn<const Kernels*>("kernels");
    QTest::addColumn<int>("format");
    for (const Kernels* set : all_kernels())
      for (const FormatInfo& format : all_formats())
        if (format.decode != nullptr && format.block_elements >= least_block)
          QTest::addRow("%s, %s", set->name, format.name.data()) << set << static_cast<int>(format.format);
  }
};

void CopiedMatricesTest::the_order_is_as_described_data() {
  kernels_and_formats(/*least_block=*/32);
}

// Byte by byte: where panel.h says that it goes. A block whose bytes are no multiple of four has a half apart, which
// leads in the copy: of most formats it is the first one, of those that begin with codes the last one.
void CopiedMatricesTest::the_order_is_as_described() {
  QFETCH(const Kernels*, kernels);
  QFETCH(int, format);
  const PanelFormat* const panel = kernels->panels.format(static_cast<Format>(format));
  if (panel == nullptr || panel->to_cells == nullptr) return;
  const FormatInfo& info = format_info(static_cast<Format>(format));
  constexpr std::size_t kBlocks = 3;
  const std::size_t row_bytes = kBlocks * info.block_bytes;
  std::mt19937 random(3);
  std::vector<std::byte> rows(kPanelRows * row_bytes);
  for (std::byte& byte : rows)
    byte = static_cast<std::byte>(random());
  std::vector<std::byte> copy(rows.size());
  panel->to_cells(rows.data(), row_bytes, copy.data());

  const bool has_half = info.block_bytes % 4 == 2;
  const bool half_is_last = info.format == Format::Q6_K || info.format == Format::Q3_K;
  const std::size_t half_at = half_is_last ? info.block_bytes - 2 : 0;
  const std::size_t cells_at = has_half && !half_is_last ? 2 : 0;
  std::vector<std::byte> expected;
  for (std::size_t eight = 0; eight < kPanelRows; eight += 8) {
    for (std::size_t block = 0; block < kBlocks; ++block) {
      const auto append = [&](std::size_t at, std::size_t count) {
        for (std::size_t row = eight; row < eight + 8; ++row) {
          const std::byte* from = rows.data() + row * row_bytes + block * info.block_bytes + at;
          expected.insert(expected.end(), from, from + count);
        }
      };
      if (has_half) append(half_at, 2);
      for (std::size_t cell = 0; cell < info.block_bytes / 4; ++cell)
        append(cells_at + 4 * cell, 4);
    }
  }
  QVERIFY(copy == expected);
}

void CopiedMatricesTest::products_are_the_same_data() {
  kernels_and_formats(/*least_block=*/1);
}

// The first product copies, the second one finds the copy.
void CopiedMatricesTest::products_are_the_same() {
  QFETCH(const Kernels*, kernels);
  QFETCH(int, format);
  const FormatInfo& info = format_info(static_cast<Format>(format));
  for (const std::size_t least : {1, 33, 600}) {
    const std::size_t inputs = (least + info.block_elements - 1) / info.block_elements * info.block_elements;
    for (const std::size_t outputs : {1, 8, 16, 31, 48, 117}) {
      std::vector<std::vector<float>> results;
      for (const MatrixPlace place : {MatrixPlace::InFile, MatrixPlace::Copied}) {
        Bench b(backend_with(*kernels, place));
        Matrix rows(0, 0);
        const Weight weight = b.weight(info.format, inputs, outputs, 1, rows);
        for (const std::size_t columns : {1, 5, 1, 17}) {
          const View out = b.room(columns, outputs);
          b.backend().matmul(weight, b.put(b.normal(columns, inputs)), out);
          results.push_back(b.get(out));
          QVERIFY(b.surroundings_untouched(out));
        }
      }
      for (std::size_t i = 0; i < 4; ++i)
        QVERIFY2(same_bits(results[i], results[4 + i]),
                 qPrintable(QString("%1 x %2, product %3").arg(inputs).arg(outputs).arg(i)));
    }
  }
}

void CopiedMatricesTest::products_of_several_are_the_same() {
  QFETCH(const Kernels*, kernels);
  std::vector<std::vector<float>> results;
  for (const MatrixPlace place : {MatrixPlace::InFile, MatrixPlace::Copied}) {
    Bench b(backend_with(*kernels, place));
    Matrix rows(0, 0);
    const std::array weights = {b.weight(Format::Q4_0, 512, 64, 1, rows), b.weight(Format::F32, 512, 24, 1, rows),
                                b.weight(Format::Q6_K, 512, 40, 1, rows)};
    const std::array outs = {b.room(2, 64), b.room(2, 24), b.room(2, 40)};
    for (int time = 0; time < 2; ++time) {
      b.backend().matmul_all(weights, b.put(b.normal(2, 512)), outs);
      for (const View& out : outs)
        results.push_back(b.get(out));
    }
  }
  for (std::size_t i = 0; i < 6; ++i)
    QVERIFY(same_bits(results[i], results[6 + i]));
}

// Each time other ones, so that some were copied and some are not.
void CopiedMatricesTest::chosen_experts_are_the_same() {
  QFETCH(const Kernels*, kernels);
  for (const Format format : {Format::Q4_0, Format::Q5_1, Format::Q4_K, Format::Q6_K, Format::BF16}) {
    std::vector<std::vector<float>> results;
    for (const MatrixPlace place : {MatrixPlace::InFile, MatrixPlace::Copied}) {
      Bench b(backend_with(*kernels, place));
      Matrix rows(0, 0);
      const Weight weight = b.weight(format, 256, 40, 9, rows);
      for (const std::uint32_t first : {7U, 0U, 3U, 7U}) {
        const View ids = b.room(2, 2);
        std::vector<float> cells(4);
        const std::array<std::uint32_t, 4> chosen = {first, (first + 1) % 9, first, (first + 4) % 9};
        std::memcpy(cells.data(), chosen.data(), sizeof chosen);
        b.backend().write(ids, cells);
        const View out = b.room(4, 40);
        b.backend().matmul_experts(weight, ids, b.put(b.normal(2, 256)), out);
        results.push_back(b.get(out));
      }
    }
    for (std::size_t i = 0; i < 4; ++i)
      QVERIFY(same_bits(results[i], results[4 + i]));
  }
}

// What lies in the file is not looked at again.
void CopiedMatricesTest::the_file_is_read_once() {
  for (const Format format : {Format::Q4_0, Format::MXFP4, Format::F32}) {
    std::mt19937 random(9);
    const FormatInfo& info = format_info(format);
    std::vector<std::byte> blocks = random_blocks(info, std::size_t{64} * 37, random);
    Bench b(backend_with(*usable_kernels().front(), MatrixPlace::Copied));
    const Weight weight = b.backend().load_weight({"w", format, {64, 37, 1, 1}, blocks}, WeightUse::Matrix).value();
    const View x = b.put(b.normal(1, 64));
    const View out = b.room(1, 37);
    b.backend().matmul(weight, x, out);
    const std::vector<float> first = b.get(out);
    std::fill(blocks.begin(), blocks.end(), std::byte{0});
    b.backend().matmul(weight, x, out);
    QVERIFY(same_bits(b.get(out), first));
  }
}

// A model that is multiplied in full precision is a small one, and its matrices are decoded as they are.
void CopiedMatricesTest::floats_stay_in_the_file() {
  CpuBackend backend(1, Products::Float32);
  backend.place_matrices(MatrixPlace::Copied);
  const std::vector<std::byte> blocks(18 * 16);
  const GgufTensor tensor{"w", Format::Q4_0, {32, 16, 1, 1}, blocks};
  QVERIFY(backend.weight_parts(tensor, WeightUse::Matrix).empty());
  QVERIFY(backend.load_weight(tensor, WeightUse::Matrix).ok());
  QCOMPARE(backend.taken_bytes(), std::uint64_t{0});
}

void CopiedMatricesTest::counts_copies() {
  const auto backend = backend_with(*usable_kernels().front(), MatrixPlace::Copied);
  const std::vector<std::byte> blocks(18 * 2 * 33);
  const GgufTensor tensor{"w", Format::Q4_0, {64, 33, 1, 1}, blocks};
  QCOMPARE(backend->weight_parts(tensor, WeightUse::Matrix), std::vector<std::uint64_t>{blocks.size()});
  QVERIFY(backend->weight_parts(tensor, WeightUse::Table).empty());
  const std::uint64_t planned = backend->bytes_with({}, std::array{std::uint64_t{blocks.size()}});
  QVERIFY(planned >= blocks.size() && planned <= blocks.size() + 3 * 64);
  QVERIFY(backend->load_weight(tensor, WeightUse::Table).ok());
  QCOMPARE(backend->taken_bytes(), std::uint64_t{0});
  QVERIFY(backend->load_weight(tensor, WeightUse::Matrix).ok());
  QVERIFY(backend->taken_bytes() >= blocks.size() && backend->taken_bytes() < blocks.size() + 64);
}

QTEST_APPLESS_MAIN(CopiedMatricesTest)
#include "copied_matrices_test.moc"
