#include "tests/model/make_model.h"

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <set>

#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "tests/model/synthetic_tokenizer.h"

using namespace facet;
using namespace facet::model_maker;

namespace {

ModelOrder order_of(const char* shape, const char* type, std::uint64_t seed = 1) {
  return {find_shape(shape).value(), find_file_type(type).value(), {}, seed};
}

std::map<std::string, std::size_t> formats_of(const ModelOrder& order) {
  std::map<std::string, std::size_t> counts;
  for (const PlannedTensor& tensor : plan_tensors(order.shape, order.type, order.variations))
    ++counts[std::string(engine::format_info(tensor.info.format).name)];
  return counts;
}

double deviation(std::span<const float> values) {
  double sum = 0;
  double squares = 0;
  for (const float value : values) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const auto count = static_cast<double>(values.size());
  return std::sqrt(squares / count - sum / count * sum / count);
}

}  // namespace

class MakeModelTest : public QObject {
  Q_OBJECT

 private slots:
  void published_shapes_have_their_numbers_data();
  void published_shapes_have_their_numbers();
  void mixes_formats_as_published();
  void layers_follow_the_specification();
  void keeps_the_pattern_with_fewer_layers();
  void the_real_vocabulary_has_its_ids();
  void every_small_model_runs_data();
  void every_small_model_runs();
  void variations_run_data();
  void variations_run();
  void a_seed_decides_every_byte();
  void files_hold_what_was_planned();
  void text_survives_the_tokenizer();
  void says_why_it_can_not_write();

 private:
  std::string make(const ModelOrder& order) {
    const QString path = folder_.filePath(QString("%1.gguf").arg(++made_));
    const Status status = make_model(order, path.toStdString());
    if (!status.ok()) qFatal("%s", status.error().message.c_str());
    return path.toStdString();
  }
  QByteArray bytes_of(const ModelOrder& order) {
    QFile file(QString::fromStdString(make(order)));
    if (!file.open(QIODevice::ReadOnly)) qFatal("the file can not be read");
    return file.readAll();
  }
  static std::unique_ptr<engine::Engine> open(const std::string& path) {
    auto engine = engine::Engine::open(path, {});
    if (!engine.ok()) qFatal("%s", engine.error().message.c_str());
    return std::move(engine).value();
  }
  // The logits of the last two tokens of a prompt that is longer than the window.
  static std::vector<std::vector<float>> evaluate(const engine::Engine& engine) {
    std::vector<engine::Token> tokens = {2};
    for (int i = 0; i < 47; ++i)
      tokens.push_back(600 + i * 37 % 300);
    const auto sequence = engine.create_sequence();
    const auto synced = sequence->sync(tokens, {.logit_rows = 2});
    if (!synced.ok()) qFatal("%s", synced.error().message.c_str());
    return {{sequence->logits(0).begin(), sequence->logits(0).end()},
            {sequence->logits(1).begin(), sequence->logits(1).end()}};
  }
  void check_logits(const std::string& path);

  QTemporaryDir folder_;
  int made_ = 0;
};

// Numbers of tensors and of parameters, and sizes of Q4_0 files without their metadata, as counted on published files.
void MakeModelTest::published_shapes_have_their_numbers_data() {
  QTest::addColumn<QString>("shape");
  QTest::addColumn<int>("tensors");
  QTest::addColumn<int>("float32");
  QTest::addColumn<double>("billions");
  QTest::addColumn<double>("gigabytes");
  QTest::newRow("E2B") << "E2B" << 541 << 263 << 4.629 << 3.33;
  QTest::newRow("E4B") << "E4B" << 666 << 321 << 7.463 << 5.14;
  QTest::newRow("12B") << "12B" << 667 << 338 << 11.907 << 6.96;
  QTest::newRow("26B-A4B") << "26B-A4B" << 658 << 392 << 25.233 << 14.4;
  QTest::newRow("31B") << "31B" << 833 << 422 << 30.697 << 17.6;
}

void MakeModelTest::published_shapes_have_their_numbers() {
  QFETCH(QString, shape);
  QFETCH(int, tensors);
  QFETCH(int, float32);
  QFETCH(double, billions);
  QFETCH(double, gigabytes);
  const ModelOrder order = order_of(qPrintable(shape), "q4_0");
  const std::vector<PlannedTensor> plan = plan_tensors(order.shape, order.type, {});
  double elements = 0;
  double bytes = 0;
  for (const PlannedTensor& tensor : plan) {
    elements += static_cast<double>(tensor.elements());
    bytes += static_cast<double>(tensor.info.bytes());
  }
  QCOMPARE(static_cast<int>(plan.size()), tensors);
  QCOMPARE(static_cast<int>(formats_of(order)["F32"]), float32);
  QVERIFY2(std::abs(elements / 1e9 - billions) < 0.001, qPrintable(QString::number(elements)));
  QVERIFY2(std::abs(bytes / 1e9 - gigabytes) < 0.06, qPrintable(QString::number(bytes)));
}

void MakeModelTest::mixes_formats_as_published() {
  using Counts = std::map<std::string, std::size_t>;
  QCOMPARE(formats_of(order_of("26B-A4B", "q4_k_m")),
           (Counts{{"Q5_0", 32}, {"Q8_0", 28}, {"Q4_K", 192}, {"Q6_K", 14}, {"F32", 392}}));
  ModelOrder e2b = order_of("E2B", "q4_0");
  e2b.variations.unused_keys = true;
  QCOMPARE(formats_of(e2b), (Counts{{"F32", 283}, {"BF16", 1}, {"Q6_K", 2}, {"Q4_0", 315}}));
  e2b.type.exceptions["attn_q"] = engine::Format::IQ4_XS;
  QCOMPARE(formats_of(e2b)["IQ4_XS"], std::size_t{35});
  e2b.type.exceptions["blk.7.attn_q"] = engine::Format::Q8_0;
  QCOMPARE(formats_of(e2b)["IQ4_XS"], std::size_t{34});
  QCOMPARE(formats_of(e2b)["Q8_0"], std::size_t{1});
}

void MakeModelTest::layers_follow_the_specification() {
  const ModelShape e2b = find_shape("E2B").value();
  for (std::uint32_t i = 0; i < 35; ++i) {
    const LayerShape& layer = e2b.layers[i];
    QCOMPARE(layer.sliding, i % 5 != 4);
    QCOMPARE(layer.ffn_width, i < 15 ? 6144U : 12288U);
    QCOMPARE(layer.owns_kv, i < 15);
    QCOMPARE(layer.head_dim, i % 5 == 4 ? 512U : 256U);
    QVERIFY(layer.has_values);
  }
  const ModelShape dense = find_shape("31B").value();
  for (std::uint32_t i = 0; i < 60; ++i) {
    QCOMPARE(dense.layers[i].kv_heads, i % 6 == 5 ? 4U : 16U);
    QCOMPARE(dense.layers[i].has_values, i % 6 != 5);
    QVERIFY(dense.layers[i].owns_kv);
  }
}

void MakeModelTest::keeps_the_pattern_with_fewer_layers() {
  const ModelShape dense = find_shape("12B", 12).value();
  QCOMPARE(dense.layer_count(), 12U);
  QVERIFY(!dense.layers[5].sliding && !dense.layers[11].sliding);
  // Whole periods stay in front of the shared layers.
  QCOMPARE(find_shape("E2B", 10)->shared_kv_layers, 5U);
  QCOMPARE(find_shape("E2B", 21)->shared_kv_layers, 11U);
  QCOMPARE(find_shape("E2B", 3)->shared_kv_layers, 0U);
  QCOMPARE(find_shape("E4B", 12)->shared_kv_layers, 6U);
  QCOMPARE(find_shape("E4B")->shared_kv_layers, 18U);
  QVERIFY(!find_shape("E3B"));
}

void MakeModelTest::the_real_vocabulary_has_its_ids() {
  const SyntheticTokenizer tokenizer = make_tokenizer(262144);
  const std::map<std::size_t, std::string> published = {
      {0, "<pad>"},
      {1, "<eos>"},
      {2, "<bos>"},
      {48, "<|tool_call>"},
      {50, "<|tool_response>"},
      {100, "<|channel>"},
      {105, "<|turn>"},
      {106, "<turn|>"},
      {107, "\n"},
      {212, "</s>"},
      {238, "<0x00>"},
      {493, "<0xFF>"},
      {255968, "\t"},
      {255999, "<|image>"},
      {256000, "<|audio>"},
      {258880, "<|image|>"},
      {258883, "<audio|>"},
      {258884, "<|video|>"},
  };
  for (const auto& [id, spelling] : published)
    QCOMPARE(tokenizer.tokens[id], spelling);
  QCOMPARE(tokenizer.tokens[137], std::string(31, '\n'));
  QCOMPARE(std::set<std::string>(tokenizer.tokens.begin(), tokenizer.tokens.end()).size(), std::size_t{262144});
  QCOMPARE(std::count(tokenizer.types.begin(), tokenizer.types.end(), 3), 17);
  QCOMPARE(std::count(tokenizer.types.begin(), tokenizer.types.end(), 4), 7);
  QCOMPARE(std::count(tokenizer.types.begin(), tokenizer.types.end(), 6), 256);
  // The real one has 514906.
  QVERIFY2(tokenizer.merges.size() > 490'000 && tokenizer.merges.size() < 530'000,
           qPrintable(QString::number(tokenizer.merges.size())));
}

void MakeModelTest::check_logits(const std::string& path) {
  const auto engine = open(path);
  const std::vector<std::vector<float>> rows = evaluate(*engine);
  for (const std::vector<float>& row : rows) {
    QCOMPARE(row.size(), std::size_t{engine->description().vocabulary_size});
    QVERIFY(std::all_of(row.begin(), row.end(), [](float value) { return std::isfinite(value); }));
    // Trained models have about 4.5.
    QVERIFY2(deviation(row) > 3 && deviation(row) < 6, qPrintable(QString::number(deviation(row))));
  }
  // Another token in front gives other logits, not the same in another size.
  std::vector<float> difference(rows[0].size());
  for (std::size_t i = 0; i < difference.size(); ++i)
    difference[i] = rows[0][i] - rows[1][i];
  QVERIFY(deviation(difference) > 1);
}

void MakeModelTest::every_small_model_runs_data() {
  QTest::addColumn<QString>("shape");
  QTest::addColumn<QString>("type");
  for (const std::string_view shape : shape_names()) {
    if (!shape.starts_with("tiny-")) continue;
    for (const char* type : {"F32", "BF16", "Q8_0", "Q4_0", "Q4_K_M"})
      QTest::addRow("%s %s", std::string(shape).c_str(), type) << QString::fromStdString(std::string(shape)) << type;
  }
  for (const std::string& type : file_type_names())
    QTest::addRow("%s", type.c_str()) << "tiny-E2B" << QString::fromStdString(type);
}

void MakeModelTest::every_small_model_runs() {
  QFETCH(QString, shape);
  QFETCH(QString, type);
  check_logits(make(order_of(qPrintable(shape), qPrintable(type))));
}

void MakeModelTest::variations_run_data() {
  QTest::addColumn<QString>("shape");
  QTest::addColumn<bool>("split_experts");
  QTest::addColumn<bool>("separate_head");
  QTest::addColumn<bool>("unused_keys");
  QTest::newRow("split experts") << "tiny-26B-A4B" << true << false << false;
  QTest::newRow("separate head") << "tiny-31B" << false << true << false;
  QTest::newRow("unused keys") << "tiny-E4B" << false << false << true;
}

void MakeModelTest::variations_run() {
  QFETCH(QString, shape);
  QFETCH(bool, split_experts);
  QFETCH(bool, separate_head);
  QFETCH(bool, unused_keys);
  ModelOrder order = order_of(qPrintable(shape), "q4_0");
  const std::size_t plain = plan_tensors(order.shape, order.type, {}).size();
  order.variations = {split_experts, separate_head, unused_keys};
  QVERIFY(plan_tensors(order.shape, order.type, order.variations).size() > plain);
  check_logits(make(order));
}

void MakeModelTest::a_seed_decides_every_byte() {
  const QByteArray first = bytes_of(order_of("tiny-E2B", "q4_k_m"));
  QVERIFY(bytes_of(order_of("tiny-E2B", "q4_k_m")) == first);
  QVERIFY(bytes_of(order_of("tiny-E2B", "q4_k_m", 2)) != first);
}

void MakeModelTest::files_hold_what_was_planned() {
  const ModelOrder order = order_of("tiny-26B-A4B", "q4_k_m");
  const auto file = engine::GgufFile::open(make(order));
  QVERIFY(file.ok());
  const std::vector<PlannedTensor> plan = plan_tensors(order.shape, order.type, {});
  QCOMPARE((*file)->tensors().size(), plan.size());
  for (const PlannedTensor& tensor : plan) {
    const engine::GgufTensor* written = (*file)->find(tensor.info.name);
    QVERIFY2(written != nullptr, tensor.info.name.c_str());
    QCOMPARE(written->shape, tensor.info.shape);
    QCOMPARE(written->format, tensor.info.format);
  }
  const engine::GgufTensor* experts = (*file)->find("blk.0.ffn_gate_up_exps.weight");
  QVERIFY(experts != nullptr);
  QCOMPARE(experts->shape, (std::array<std::uint64_t, 4>{256, 192, 16, 1}));
}

void MakeModelTest::text_survives_the_tokenizer() {
  const auto engine = open(make(order_of("tiny-12B", "q8_0")));
  const engine::Tokenizer& tokenizer = engine->tokenizer();
  const std::string text = "Ordinary text,\n\n\n with runs        and \xF0\x9F\xA6\x99 bytes.";
  const std::vector<engine::Token> ids = tokenizer.encode(text, engine::Trust::Data);
  QCOMPARE(tokenizer.decode(ids, engine::Tokenizer::Markers::Hide), text);
  // Words shorten it, and runs of white space are one token each.
  QVERIFY(ids.size() < text.size());
  QVERIFY(std::count(ids.begin(), ids.end(), 109) == 1);
}

void MakeModelTest::says_why_it_can_not_write() {
  const Status status = make_model(order_of("tiny-E2B", "q4_0"), folder_.filePath("none/there.gguf").toStdString());
  QVERIFY(!status.ok());
  QVERIFY2(status.error().message.starts_with("There is no folder for "), status.error().message.c_str());
}

QTEST_APPLESS_MAIN(MakeModelTest)
#include "make_model_test.moc"
