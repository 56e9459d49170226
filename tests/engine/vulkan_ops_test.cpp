#include <QTest>

#include "encoder_ops_cases.h"
#include "engine/vulkan/vulkan.h"
#include "engine/vulkan/vulkan_backend.h"
#include "head_ops_cases.h"

using namespace facet;
using namespace facet::engine;
using namespace facet::engine::ops_cases;
using facet::engine::vulkan::VulkanBackend;

// Every operation on the machine's best Vulkan device, a software one included, against reference_ops.h.
class VulkanOpsTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void embed() { run(ops_cases::embed); }
  void matmul_data() { formats(); }
  void matmul();
  void matmul_of_many_rows_data() { formats(); }
  void matmul_of_many_rows();
  void large_weights_are_taken_apart();
  void products_of_codes_data() { formats(); }
  void products_of_codes();
  void products_of_halves_data() { products_of_codes_data(); }
  void products_of_halves();
  void plainer_kernels_compute_the_same_data();
  void plainer_kernels_compute_the_same();
  void weights_may_go_through_the_staging_memory();
  void matmul_rows_do_not_depend_on_each_other_data() { formats(); }
  void matmul_rows_do_not_depend_on_each_other();
  void rms_norm() { run(ops_cases::rms_norm); }
  void add_rms_norm() { run(ops_cases::add_rms_norm); }
  void scale() { run(ops_cases::scale); }
  void geglu() { run(ops_cases::geglu); }
  void softcap() { run(ops_cases::softcap); }
  void top_k() { run(ops_cases::top_k); }
  void top_k_with_cap() { run(ops_cases::top_k_with_cap); }
  void prepare_heads() { run(ops_cases::prepare_heads); }
  void prepare_heads_in_parts() { run(ops_cases::prepare_heads_in_parts); }
  void prepare_heads_of_parts() { run(ops_cases::prepare_heads_of_parts); }
  void matmul_heads() { run(ops_cases::matmul_heads); }
  void matmul_heads_is_its_parts() { run(ops_cases::matmul_heads_is_its_parts); }
  void matmul_heads_side_by_side() { run(ops_cases::matmul_heads_side_by_side); }
  void add_branch() { run(ops_cases::add_branch); }
  void matmul_add_branch() { run(ops_cases::matmul_add_branch); }
  void matmul_all() { run(ops_cases::matmul_all); }
  void matmul_geglu() { run(ops_cases::matmul_geglu); }
  void store_wraps() { run(ops_cases::store_wraps); }
  void attention() { run(ops_cases::attention); }
  void attention_rows_do_not_depend_on_each_other() { run(ops_cases::attention_rows_do_not_depend_on_each_other); }
  void route_experts() { run(ops_cases::route_experts); }
  void matmul_experts();
  void replace_expert();
  void combine_experts() { run(ops_cases::combine_experts); }
  void clamp() { run(ops_cases::clamp); }
  void sigmoid_gate() { run(ops_cases::sigmoid_gate); }
  void add() { run(ops_cases::add); }
  void shift() { run(ops_cases::shift); }
  void layer_norm() { run(ops_cases::layer_norm); }
  void pool() { run(ops_cases::pool); }
  void unfold() { run(ops_cases::unfold); }
  void convolve() { run(ops_cases::convolve); }
  void local_attention() { run(ops_cases::local_attention); }
  void reports_memory_that_is_not_there();

 private:
  static void formats() {
    QTest::addColumn<int>("format");
    for (const FormatInfo& format : all_formats())
      if (format.decode != nullptr) QTest::addRow("%s", format.name.data()) << static_cast<int>(format.format);
  }
  void run(void (*test)(Bench&)) {
    Bench b(backend_);
    test(b);
    QVERIFY(backend_->finish().ok());
  }

  std::shared_ptr<VulkanBackend> backend_;
};

void VulkanOpsTest::initTestCase() {
  auto opened = VulkanBackend::open("");
  // A device that is there must open.
  if (const auto devices = find_vulkan_devices(""); !devices.ok()) QSKIP(devices.error().message.c_str());
  if (!opened.ok()) QFAIL(opened.error().message.c_str());
  backend_ = std::move(opened).value();
  qInfo("%s", backend_->description().c_str());
}

// In one piece, and where a tensor is taken apart.
void VulkanOpsTest::replace_expert() {
  for (const Format format : {Format::F32, Format::Q5_0, Format::Q4_K}) {
    const std::shared_ptr<VulkanBackend> device = VulkanBackend::open("").value();
    for (const std::uint64_t limit : {device->largest_buffer(), 2 * 21 * row_bytes(format, 256) + 1000}) {
      device->limit_bindings(limit);
      Bench b(device);
      ops_cases::replace_expert(b, *device, format);
      if (QTest::currentTestFailed()) return;
    }
  }
}

void VulkanOpsTest::matmul() {
  QFETCH(int, format);
  Bench b(backend_);
  ops_cases::matmul(b, static_cast<Format>(format));
}

void VulkanOpsTest::matmul_of_many_rows() {
  QFETCH(int, format);
  Bench b(backend_);
  ops_cases::matmul_of_many_rows(b, static_cast<Format>(format));
}

// Rounded to 8 bits, many rows are what their rounded values give, in formats of codes; few rows are not rounded.
void VulkanOpsTest::products_of_codes() {
  QFETCH(int, format);
  const FormatInfo& info = format_info(static_cast<Format>(format));
  if (!backend_->device().integer_dot) QSKIP("This device has no dot products of bytes.");
  vulkan::Variants variants;
  variants.tiles = vulkan::Tiles::Codes;
  const std::shared_ptr<VulkanBackend> integer = VulkanBackend::open("", variants).value();
  Bench b(integer);
  const bool has_codes = info.block_elements > 1;
  for (const std::size_t blocks : {1, 5}) {
    const std::size_t inputs = blocks * std::max<std::size_t>(info.block_elements, 32);
    for (const std::size_t outputs : {3, 70}) {
      Matrix rows(0, 0);
      const Weight weight = b.weight(info.format, inputs, outputs, 1, rows);
      for (const std::size_t columns : {8, 33, 130}) {
        Matrix x = b.normal(columns, inputs);
        for (std::size_t i = 0; i < 32; ++i)
          x.at(columns - 1, i) = 0;
        const View out = b.room(columns, outputs);
        b.backend().matmul(weight, b.put(x), out);
        const bool is_rounded = has_codes && columns > 32;
        COMPARE_OR_RETURN(out, is_rounded ? reference_ops::integer_matmul(rows, x) : reference_ops::matmul(rows, x));
      }
    }
  }
  ops_cases::matmul_experts_of_many_rows(b, info.format, has_codes ? Rounding::EightBits : Rounding::None);
}

// Of halves, added up in 16 bits over 32 inputs: rounding the operands and the sums changes a result by some 7e-4 times
// the root of the sum of its squared products, and less than ten times that in all of them; one operand out of place
// would change it by far more.
void VulkanOpsTest::products_of_halves() {
  QFETCH(int, format);
  const FormatInfo& info = format_info(static_cast<Format>(format));
  if (!backend_->device().float16) QSKIP("This device has no floats of 16 bits.");
  vulkan::Variants variants;
  variants.tiles = vulkan::Tiles::Halves;
  const std::shared_ptr<VulkanBackend> halves = VulkanBackend::open("", variants).value();
  Bench b(halves);
  for (const std::size_t inputs : {std::size_t{256}, std::size_t{1280}}) {
    for (const std::size_t outputs : {3, 70}) {
      Matrix rows(0, 0);
      const Weight weight = b.weight(info.format, inputs, outputs, 1, rows);
      for (const std::size_t columns : {33, 130}) {
        // Rows of very different size, one of them of nothing but zeros.
        Matrix x = b.normal(columns, inputs);
        for (std::size_t c = 0; c < columns; ++c)
          for (std::size_t i = 0; i < inputs; ++i)
            x.at(c, i) *= c == 5 ? 0 : std::pow(10.0, static_cast<double>(c % 13) - 6);
        const View out = b.room(columns, outputs);
        b.backend().matmul(weight, b.put(x), out);
        Expected expected = reference_ops::matmul(rows, x);
        for (std::size_t c = 0; c < columns; ++c)
          for (std::size_t o = 0; o < outputs; ++o) {
            double squares = 0;
            double magnitudes = 0;
            for (std::size_t i = 0; i < inputs; ++i) {
              squares += std::pow(rows.at(o, i) * x.at(c, i), 2);
              magnitudes += std::abs(x.at(c, i));
            }
            // Halves are multiples of 2^-24 at the finest.
            expected.bound.at(c, o) = 7e-3 * std::sqrt(squares) + 0x1p-25 * magnitudes;
          }
        COMPARE_OR_RETURN(out, expected);
      }
    }
  }
}

// What stands in for a kernel that a driver computes wrongly.
void VulkanOpsTest::plainer_kernels_compute_the_same_data() {
  QTest::addColumn<int>("plain");
  QTest::addRow("no tiles") << 0;
  QTest::addRow("no wide cells") << 1;
  QTest::addRow("no last groups") << 2;
  QTest::addRow("no several rows") << 3;
}

void VulkanOpsTest::plainer_kernels_compute_the_same() {
  QFETCH(int, plain);
  vulkan::Variants variants;
  bool* const all[] = {&variants.wide_cells, &variants.last_groups, &variants.several_rows};
  if (plain == 0)
    variants.tiles = vulkan::Tiles::None;
  else
    *all[plain - 1] = false;
  const std::shared_ptr<VulkanBackend> plainer = VulkanBackend::open("", variants).value();
  Bench b(plainer);
  ops_cases::matmul_of_many_rows(b, Format::F32);
  if (QTest::currentTestFailed()) return;
  ops_cases::matmul_add_branch(b);
  if (QTest::currentTestFailed()) return;
  ops_cases::matmul_experts(b, Format::F32, Rounding::None);
  if (QTest::currentTestFailed()) return;
  ops_cases::attention(b);
}

// Parts of one row, of some rows, and of one expert and of two.
void VulkanOpsTest::large_weights_are_taken_apart() {
  for (const std::uint64_t bytes : {5300, 9000, 30000}) {
    const std::shared_ptr<VulkanBackend> small = VulkanBackend::open("").value();
    Bench b(small);
    Matrix rows(0, 0);
    small->limit_bindings(bytes);
    const Weight weight = b.weight(Format::F32, 1303, 33, 1, rows);
    small->limit_bindings(1U << 27U);
    const Matrix x = b.normal(3, 1303);
    const View out = b.room(3, 33);
    b.backend().matmul(weight, b.put(x), out);
    COMPARE_OR_RETURN(out, reference_ops::matmul(rows, x));
  }
  for (const std::uint64_t bytes : {4200, 7000}) {
    const std::shared_ptr<VulkanBackend> small = VulkanBackend::open("").value();
    Bench b(small);
    small->limit_bindings(bytes);
    Matrix rows(0, 0);
    const Weight weight = b.weight(Format::Q4_K, 256, 21, 5, rows);
    small->limit_bindings(1U << 27U);
    const View ids = b.room(1, 5);
    std::vector<float> cells(5);
    for (std::uint32_t i = 0; i < 5; ++i)
      std::memcpy(&cells[i], &i, 4);
    b.backend().write(ids, cells);
    const Matrix x = b.normal(1, 256);
    const View out = b.room(5, 21);
    b.backend().matmul_experts(weight, ids, b.put(x), out);
    // Every expert in its order: one product with all of their rows.
    const Expected product = reference_ops::matmul(rows, x);
    Expected expected(5, 21);
    expected.value.cells = product.value.cells;
    expected.bound.cells = product.bound.cells;
    COMPARE_OR_RETURN(out, expected);
  }
}

void VulkanOpsTest::weights_may_go_through_the_staging_memory() {
  const std::shared_ptr<VulkanBackend> staged = VulkanBackend::open("").value();
  staged->stage_all();
  Bench b(staged);
  Matrix rows(0, 0);
  // More than the memory that it goes through, in pieces that end within a row.
  const Weight weight = b.weight(Format::F32, 4099, 1200, 1, rows);
  const Matrix x = b.normal(1, 4099);
  const View out = b.room(1, 1200);
  b.backend().matmul(weight, b.put(x), out);
  COMPARE_OR_RETURN(out, reference_ops::matmul(rows, x));
}

void VulkanOpsTest::matmul_rows_do_not_depend_on_each_other() {
  QFETCH(int, format);
  Bench b(backend_);
  // From 33 rows on the additions have another order.
  ops_cases::matmul_rows_do_not_depend_on_each_other(b, static_cast<Format>(format), 32);
}

void VulkanOpsTest::matmul_experts() {
  for (const Format format : {Format::F32, Format::Q5_0, Format::Q4_K, Format::Q6_K}) {
    Bench b(backend_);
    ops_cases::matmul_experts(b, format, Rounding::None);
    if (QTest::currentTestFailed()) return;
  }
}

void VulkanOpsTest::reports_memory_that_is_not_there() {
  const auto buffer = backend_->create_buffer("a very long context", UINT32_MAX, 4096);
  QVERIFY(!buffer.ok());
  QCOMPARE(buffer.error().code, Error::Code::OutOfMemory);
  QVERIFY(QString::fromStdString(buffer.error().message).contains("a very long context"));
}

QTEST_APPLESS_MAIN(VulkanOpsTest)
#include "vulkan_ops_test.moc"
