#include "engine/bench/bench.h"

#include <QTemporaryDir>
#include <QtTest>
#include <set>

#include "engine/bench/read_probe.h"
#include "engine/gguf/gguf_file.h"
#include "engine/model/config.h"
#include "engine/model/kv_cache.h"
#include "tests/model/make_model.h"

using namespace facet;
using namespace facet::engine;
using namespace facet::model_maker;

// What is measured is what was asked for; how fast it was is not tested.
class BenchTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void medians();
  void a_token_reads_what_the_plan_says_data();
  void a_token_reads_what_the_plan_says();
  void a_token_reads_its_window();
  void measures_what_was_asked_for();
  void measures_every_operation();
  void measuring_changes_no_bit();
  void refuses_too_few_tokens();
  void reads_memory();

 private:
  std::string path_of(const char* shape) const { return folder_.filePath(QString("%1.gguf").arg(shape)).toStdString(); }
  static ModelOrder order_of(const char* shape) {
    return {find_shape(shape).value(), find_file_type("q4_0").value(), {}, 1};
  }
  BenchReport bench(const BenchOrder& order) {
    const auto report = run_bench(order, [](std::string_view) {});
    if (!report.ok()) qFatal("%s", report.error().message.c_str());
    return *report;
  }
  TokenBytes read_at(const char* shape, std::uint32_t position) {
    const auto file = GgufFile::open(path_of(shape));
    if (!file.ok()) qFatal("%s", file.error().message.c_str());
    const auto config = read_config(**file);
    if (!config.ok()) qFatal("%s", config.error().message.c_str());
    const auto bytes = token_bytes(**file, KvLayout::plan(*config, /*context=*/4096, /*slack=*/0), position);
    if (!bytes.ok()) qFatal("%s", bytes.error().message.c_str());
    return *bytes;
  }

  QTemporaryDir folder_;
};

void BenchTest::initTestCase() {
  for (const char* shape : {"tiny-E2B", "tiny-26B-A4B", "tiny-31B"})
    QVERIFY(make_model(order_of(shape), path_of(shape)).ok());
}

void BenchTest::medians() {
  QCOMPARE(median({3, 1, 2}), std::optional(2.0));
  QCOMPARE(median({4, 1, 2, 3}), std::optional(2.5));
  QCOMPARE(median({}), std::optional<double>());
}

void BenchTest::a_token_reads_what_the_plan_says_data() {
  QTest::addColumn<QString>("shape");
  for (const char* shape : {"tiny-E2B", "tiny-26B-A4B", "tiny-31B"})
    QTest::newRow(shape) << shape;
}

// One row of the table of per-layer embeddings, the chosen experts, and everything else but what is read at loading.
void BenchTest::a_token_reads_what_the_plan_says() {
  QFETCH(QString, shape);
  const ModelOrder order = order_of(qPrintable(shape));
  const std::set<std::string> not_read = {"per_layer_token_embd.weight", "rope_freqs.weight"};
  std::uint64_t expected = 0;
  for (const PlannedTensor& tensor : plan_tensors(order.shape, order.type, {})) {
    if (not_read.contains(tensor.info.name) || tensor.info.name.ends_with("layer_output_scale.weight")) continue;
    const bool experts = tensor.info.name.ends_with("_exps.weight");
    expected +=
        experts ? tensor.info.bytes() / order.shape.expert_count * order.shape.expert_used_count : tensor.info.bytes();
  }
  QCOMPARE(read_at(qPrintable(shape), 0).weights, expected);
}

void BenchTest::a_token_reads_its_window() {
  // 31B: five layers that see 32 tokens with 16 heads of 32, one that sees everything with 4 heads of 64.
  const std::uint64_t at_0 = read_at("tiny-31B", 0).cache;
  const std::uint64_t cells_at_0 = 5 * 16 * 32 + 4 * 64;
  QCOMPARE(at_0 % cells_at_0, std::uint64_t{0});
  const std::uint64_t cell_bytes = at_0 / cells_at_0;
  QCOMPARE(read_at("tiny-31B", 31).cache, 32 * at_0);
  QCOMPARE(read_at("tiny-31B", 99).cache, cell_bytes * (5 * 16 * 32 * 32 + 4 * 64 * 100));
  // E2B: layers without keys of their own read those of others.
  QCOMPARE(read_at("tiny-E2B", 0).cache, cell_bytes * (8 * 32 + 2 * 64));
}

void BenchTest::measures_what_was_asked_for() {
  BenchOrder order;
  order.model = path_of("tiny-E2B");
  order.prompt_tokens = 70;
  order.new_tokens = 5;
  order.depth = 40;
  order.repetitions = 3;
  const BenchReport report = bench(order);
  QCOMPARE(report.prefill_tokens_per_s.size(), std::size_t{3});
  QCOMPARE(report.decode_tokens_per_s.size(), std::size_t{3});
  for (const double speed : report.prefill_tokens_per_s)
    QVERIFY(speed > 0);
  QCOMPARE(report.model.layers, 10U);
  QVERIFY(report.load_seconds > 0);
  QVERIFY(report.read_bandwidth > 1e6);
  QVERIFY(report.memory && report.memory->peak_bytes >= report.memory->resident_bytes);
  QVERIFY(report.prefill_operations.empty());

  order.prompt_tokens = 0;
  QVERIFY(bench(order).prefill_tokens_per_s.empty());
}

void BenchTest::measures_every_operation() {
  BenchOrder order;
  order.model = path_of("tiny-26B-A4B");
  order.prompt_tokens = 8;
  order.new_tokens = 3;
  order.depth = 4;
  order.repetitions = 2;
  order.operations = true;
  const BenchReport report = bench(order);
  const auto find = [&](const char* operation, const char* detail) {
    const auto& all = report.decode_operations;
    const auto found = std::find_if(all.begin(), all.end(), [&](const OperationTime& time) {
      return time.operation == operation && time.detail.starts_with(detail);
    });
    if (found == all.end()) qFatal("%s %s was not measured", operation, detail);
    return *found;
  };
  // Six layers, three tokens, twice. What is in front of the tokens does not count.
  const OperationTime gate = find("matmul_geglu", "ffn_gate Q4_0 256 x 288, ffn_up Q4_0 256 x 288");
  QCOMPARE(gate.calls, std::uint64_t{36});
  QCOMPARE(gate.products, 2 * 36.0 * 256 * 288);
  QCOMPARE(gate.weight_bytes, std::uint64_t{2} * 36 * 256 / 32 * 18 * 288);
  QCOMPARE(find("matmul", "token_embd Q6_K").calls, std::uint64_t{6});
  // Four of sixteen experts.
  const OperationTime experts = find("matmul_experts", "ffn_down_exps");
  QCOMPARE(experts.weight_bytes, std::uint64_t{36} * 4 * 256 * 96 / 32 * 18);
  QCOMPARE(experts.products, 36.0 * 4 * 256 * 96);
  // Full attention over five, six and seven tokens, in one layer.
  QCOMPARE(find("attention", "full, 16 heads of 64").products, 2.0 * 2 * (5 + 6 + 7) * 16 * 64);
  QVERIFY(std::is_sorted(report.decode_operations.begin(), report.decode_operations.end(),
                         [](const OperationTime& a, const OperationTime& b) { return a.seconds > b.seconds; }));
  QCOMPARE(report.decoded_tokens, std::uint64_t{6});
}

void BenchTest::measuring_changes_no_bit() {
  const std::vector<Token> tokens = {2, 600, 601, 700, 650};
  std::vector<std::vector<float>> logits;
  for (const bool timed : {false, true}) {
    EngineOptions options;
    if (timed)
      options.wrap_backend = [](std::unique_ptr<Backend> inner) {
        auto backend = std::make_unique<TimedBackend>(std::move(inner));
        backend->set_clock(TimedBackend::Clock::Running);
        return backend;
      };
    const auto engine = Engine::open(path_of("tiny-26B-A4B"), options);
    QVERIFY(engine.ok());
    const auto sequence = (*engine)->create_sequence();
    QVERIFY(sequence->sync(tokens).ok());
    logits.emplace_back(sequence->last_logits().begin(), sequence->last_logits().end());
  }
  QVERIFY(logits[0] == logits[1]);
}

void BenchTest::refuses_too_few_tokens() {
  BenchOrder order;
  order.model = path_of("tiny-E2B");
  order.prompt_tokens = 4;
  order.tokens = {2, 3, 4};
  const auto report = run_bench(order, [](std::string_view) {});
  QVERIFY(!report.ok());
  QCOMPARE(report.error().message, std::string("There are 3 token ids and the measurement needs 64."));
}

void BenchTest::reads_memory() {
  const auto bandwidth = measure_read_bandwidth(/*threads=*/2);
  QVERIFY(bandwidth.ok());
  QVERIFY(*bandwidth > 1e6);
}

QTEST_APPLESS_MAIN(BenchTest)
#include "bench_test.moc"
