#include <QTest>

#include "encoder_ops_cases.h"
#include "engine/cpu/cpu_backend.h"
#include "head_ops_cases.h"

using namespace facet;
using namespace facet::engine;
using namespace facet::engine::ops_cases;

// Every CPU operation with every instruction set, on one thread and on several, against reference_ops.h.
class OpsTest : public QObject {
  Q_OBJECT

 private slots:
  void embed_data() { backends(); }
  void embed() { run(ops_cases::embed); }
  void matmul_data() { formats(/*least_block=*/1); }
  void matmul();
  void matmul_of_many_rows_data() { formats(/*least_block=*/1); }
  void matmul_of_many_rows();
  void matmul_rows_do_not_depend_on_each_other_data() { backends(); }
  void matmul_rows_do_not_depend_on_each_other();
  void integer_matmul_data() { formats(/*least_block=*/32); }
  void integer_matmul();
  void integer_matmul_takes_what_is_no_number_data() { backends(); }
  void integer_matmul_takes_what_is_no_number();
  void rms_norm_data() { backends(); }
  void rms_norm() { run(ops_cases::rms_norm); }
  void add_rms_norm_data() { backends(); }
  void add_rms_norm() { run(ops_cases::add_rms_norm); }
  void scale_data() { backends(); }
  void scale() { run(ops_cases::scale); }
  void geglu_data() { backends(); }
  void geglu() { run(ops_cases::geglu); }
  void softcap_data() { backends(); }
  void softcap() { run(ops_cases::softcap); }
  void top_k_data() { backends(); }
  void top_k() { run(ops_cases::top_k); }
  void top_k_with_cap_data() { backends(); }
  void top_k_with_cap() { run(ops_cases::top_k_with_cap); }
  void prepare_heads_data() { backends(); }
  void prepare_heads() { run(ops_cases::prepare_heads); }
  void prepare_heads_in_parts_data() { backends(); }
  void prepare_heads_in_parts() { run(ops_cases::prepare_heads_in_parts); }
  void prepare_heads_of_parts_data() { backends(); }
  void prepare_heads_of_parts() { run(ops_cases::prepare_heads_of_parts); }
  void matmul_heads_data() { backends(); }
  void matmul_heads() { run(ops_cases::matmul_heads); }
  void add_branch_data() { backends(); }
  void add_branch() { run(ops_cases::add_branch); }
  void matmul_add_branch_data() { backends(); }
  void matmul_add_branch() { run(ops_cases::matmul_add_branch); }
  void matmul_all_data() { backends(); }
  void matmul_all() { run(ops_cases::matmul_all); }
  void matmul_geglu_data() { backends(); }
  void matmul_geglu() { run(ops_cases::matmul_geglu); }
  void store_wraps_data() { backends(); }
  void store_wraps() { run(ops_cases::store_wraps); }
  void attention_data() { backends(); }
  void attention() { run(ops_cases::attention); }
  void attention_rows_do_not_depend_on_each_other_data() { backends(); }
  void attention_rows_do_not_depend_on_each_other() { run(ops_cases::attention_rows_do_not_depend_on_each_other); }
  void route_experts_data() { backends(); }
  void route_experts() { run(ops_cases::route_experts); }
  void matmul_experts_data() { backends(); }
  void matmul_experts();
  void replace_expert();
  void combine_experts_data() { backends(); }
  void combine_experts() { run(ops_cases::combine_experts); }
  void clamp_data() { backends(); }
  void clamp() { run(ops_cases::clamp); }
  void sigmoid_gate_data() { backends(); }
  void sigmoid_gate() { run(ops_cases::sigmoid_gate); }
  void add_data() { backends(); }
  void add() { run(ops_cases::add); }
  void shift_data() { backends(); }
  void shift() { run(ops_cases::shift); }
  void layer_norm_data() { backends(); }
  void layer_norm() { run(ops_cases::layer_norm); }
  void pool_data() { backends(); }
  void pool() { run(ops_cases::pool); }
  void unfold_data() { backends(); }
  void unfold() { run(ops_cases::unfold); }
  void convolve_data() { backends(); }
  void convolve() { run(ops_cases::convolve); }
  void local_attention_data() { backends(); }
  void local_attention() { run(ops_cases::local_attention); }
  void reports_memory_that_is_not_there();

 private:
  static void formats(std::uint32_t least_block);
  static std::vector<std::pair<const Kernels*, int>> all_backends() {
    std::vector<std::pair<const Kernels*, int>> all;
    for (const Kernels* kernels : usable_kernels())
      all.insert(all.end(), {{kernels, 1}, {kernels, 3}});
    return all;
  }
  static void backends() {
    QTest::addColumn<int>("backend");
    const auto all = all_backends();
    for (int i = 0; i < static_cast<int>(all.size()); ++i)
      QTest::addRow("%s, %d threads", all[i].first->name, all[i].second) << i;
  }
  static std::shared_ptr<Backend> backend(Products products = Products::Float32) {
    const int* index = static_cast<const int*>(QTest::qData("backend", qMetaTypeId<int>()));
    const auto [kernels, threads] = all_backends()[static_cast<std::size_t>(*index)];
    return std::make_shared<CpuBackend>(threads, products, *kernels);
  }
  static void run(void (*test)(Bench&)) {
    Bench b(backend());
    test(b);
  }
};

// Every format that can be decoded and has blocks of at least so many elements: those of integers have 32.
void OpsTest::formats(std::uint32_t least_block) {
  QTest::addColumn<int>("backend");
  QTest::addColumn<int>("format");
  const auto all = all_backends();
  for (int i = 0; i < static_cast<int>(all.size()); ++i)
    for (const FormatInfo& format : all_formats())
      if (format.decode != nullptr && format.block_elements >= least_block)
        QTest::addRow("%s, %d threads, %s", all[i].first->name, all[i].second, format.name.data())
            << i << static_cast<int>(format.format);
}

void OpsTest::matmul() {
  QFETCH(int, format);
  Bench b(backend());
  ops_cases::matmul(b, static_cast<Format>(format));
}

void OpsTest::integer_matmul() {
  QFETCH(int, format);
  Bench b(backend(Products::Int8));
  const FormatInfo& info = format_info(static_cast<Format>(format));
  for (const std::size_t blocks : {1, 2, 9, 33}) {
    const std::size_t inputs = blocks * info.block_elements;
    for (const std::size_t outputs : {1, 8, 16, 21, 48}) {
      Matrix rows(0, 0);
      const Weight weight = b.weight(info.format, inputs, outputs, 1, rows);
      for (const std::size_t columns : {1, 2, 3, 5, 8, 17}) {
        Matrix x = b.normal(columns, inputs);
        for (std::size_t i = 0; i < 32; ++i)
          x.at(columns - 1, i) = 0;
        const View out = b.room(columns, outputs);
        b.backend().matmul(weight, b.put(x), out);
        COMPARE_OR_RETURN(out, reference_ops::integer_matmul(rows, x));
      }
    }
  }
}

// The sums of a row with an activation that is no number, or infinite, are none either; the other rows are as they
// were.
void OpsTest::integer_matmul_takes_what_is_no_number() {
  Bench b(backend(Products::Int8));
  Matrix rows(0, 0);
  const Weight weight = b.weight(Format::Q4_0, 64, 16, 1, rows);
  for (const double odd : {HUGE_VAL, -HUGE_VAL, std::nan("")}) {
    Matrix x = b.normal(3, 64);
    x.at(1, 40) = odd;
    const View out = b.room(3, 16);
    b.backend().matmul(weight, b.put(x), out);
    const std::vector<float> results = b.get(out);
    x.at(1, 40) = 0;
    const Expected expected = reference_ops::integer_matmul(rows, x);
    for (std::size_t o = 0; o < 16; ++o) {
      QVERIFY(!std::isfinite(results[16 + o]));
      for (const std::size_t r : {0, 2})
        QVERIFY(std::abs(static_cast<double>(results[16 * r + o]) - expected.value.at(r, o)) <=
                expected.bound.at(r, o));
    }
  }
}

void OpsTest::matmul_of_many_rows() {
  QFETCH(int, format);
  Bench b(backend());
  ops_cases::matmul_of_many_rows(b, static_cast<Format>(format));
}

void OpsTest::matmul_rows_do_not_depend_on_each_other() {
  for (const auto& [format, products] : {std::pair{Format::F32, Products::Float32},
                                         {Format::Q4_K, Products::Float32},
                                         {Format::Q4_K, Products::Int8},
                                         {Format::Q4_0, Products::Int8},
                                         {Format::Q6_K, Products::Int8},
                                         {Format::Q8_0, Products::Int8}}) {
    Bench b(backend(products));
    ops_cases::matmul_rows_do_not_depend_on_each_other(b, format, 150);
    if (QTest::currentTestFailed()) return;
  }
}

void OpsTest::replace_expert() {
  for (const Format format : {Format::F32, Format::Q5_0, Format::Q4_K}) {
    const auto cpu = std::make_shared<CpuBackend>(2);
    Bench b(cpu);
    const std::uint64_t before = cpu->taken_bytes();
    ops_cases::replace_expert(b, *cpu, format);
    if (QTest::currentTestFailed()) return;
    QVERIFY(cpu->taken_bytes() >= before + 3 * 21 * row_bytes(format, 256));
  }
}

void OpsTest::matmul_experts() {
  for (const Products products : {Products::Float32, Products::Int8}) {
    const Rounding rounding = products == Products::Int8 ? Rounding::EightBits : Rounding::None;
    for (const Format format : {Format::F32, Format::Q5_0, Format::Q4_K}) {
      Bench b(backend(products));
      ops_cases::matmul_experts(b, format, rounding);
      if (QTest::currentTestFailed()) return;
    }
  }
}

void OpsTest::reports_memory_that_is_not_there() {
  CpuBackend backend(1);
  const auto buffer = backend.create_buffer("a very long context", UINT32_MAX, UINT32_MAX);
  QVERIFY(!buffer.ok());
  QCOMPARE(buffer.error().code, Error::Code::OutOfMemory);
  QVERIFY(QString::fromStdString(buffer.error().message).contains("a very long context"));
}

QTEST_APPLESS_MAIN(OpsTest)
#include "ops_test.moc"
