#include "app/models/convert.h"

#include <signal.h>
#include <sys/resource.h>

#include <QTemporaryDir>
#include <QTest>

#include "app/models/model_folder.h"
#include "engine/engine.h"
#include "hf_folder.h"
#include "tests/engine/published_models.h"

using namespace facet;
using namespace facet::app::models;
using engine::Format;
using hf_folder::Folder;

namespace {

const QString kModels = QStringLiteral(FACET_TEST_DATA "/models/");

std::vector<engine::Token> prompt() {
  std::vector<engine::Token> tokens = {2};
  for (int i = 0; i < 60; ++i)
    tokens.push_back(500 + i * 37 % 700);
  return tokens;
}

std::vector<float> logits(const QString& gguf) {
  const auto engine = engine::Engine::open(gguf.toStdString(), {.threads = 1});
  if (!engine.ok()) qFatal("%s", engine.error().message.c_str());
  const auto sequence = (*engine)->create_sequence();
  const auto synced = sequence->sync(prompt(), {.logit_rows = 16});
  if (!synced.ok()) qFatal("%s", synced.error().message.c_str());
  std::vector<float> all;
  for (std::size_t row = 0; row < 16; ++row)
    all.insert(all.end(), sequence->logits(row).begin(), sequence->logits(row).end());
  return all;
}

double root_mean_square(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

// What is in a folder besides the sources.
QStringList files_in(const QString& path) {
  return QDir(path).entryList(QDir::Files | QDir::Hidden, QDir::Name);
}

// The role of a tensor by its name in a GGUF file, found through the name it is published under.
TensorRole role_of(const QByteArray& gguf) {
  if (gguf == "rope_freqs.weight") return TensorRole::Vector;
  const auto name = gguf_name(hf_folder::hf_name(gguf.toStdString()));
  if (!name || name->gguf != gguf.toStdString()) qFatal("%s is not known", gguf.constData());
  return name->role;
}

std::map<Format, int> planned_formats(const published_models::Size& size, TargetType type) {
  std::vector<PlannedTensor> planned = {{TensorRole::Vector, {256, 1, 1, 1}}};
  for (const auto& tensor : published_models::Builder(size, false).tensors()) {
    std::array<std::uint64_t, 4> shape = {1, 1, 1, 1};
    std::copy(tensor.shape.begin(), tensor.shape.end(), shape.begin());
    planned.push_back({role_of(tensor.name), shape});
  }
  std::map<Format, int> counts;
  for (const Format format : plan_formats(type, planned))
    ++counts[format];
  return counts;
}

}  // namespace

class ConvertTest : public QObject {
  Q_OBJECT

 private slots:
  void sixteen_bits_lose_nothing();
  void is_the_reference_file_again();
  void stays_near_the_original_data();
  void stays_near_the_original();
  void chooses_formats_by_role_data();
  void chooses_formats_by_role();
  void chooses_the_formats_of_published_files();
  void rows_that_blocks_do_not_divide_fall_back();
  void threads_change_nothing();
  void reports_its_progress();
  void leaves_nothing_when_it_is_stopped();
  void leaves_nothing_on_a_full_disk();
  void refuses_weights_that_are_no_numbers_data();
  void refuses_weights_that_are_no_numbers();
  void refuses_targets_that_can_not_be();
  void replaces_the_target_at_the_end();

 private:
  QString write(const Folder& folder) {
    const QString path = folder_.filePath(QString("case-%1").arg(++cases_));
    hf_folder::write(path, folder);
    return path;
  }
  QString converted(const Folder& folder, TargetType type, int threads = 1) {
    const QString path = write(folder);
    const auto result = convert(path.toStdString(), (path + ".gguf").toStdString(), {.type = type, .threads = threads});
    if (!result.ok()) qFatal("%s", result.error().message.c_str());
    return path + ".gguf";
  }
  static std::unique_ptr<engine::GgufFile> open(const QString& path) {
    auto file = engine::GgufFile::open(path.toStdString());
    if (!file.ok()) qFatal("%s", file.error().message.c_str());
    return std::move(file).value();
  }

  QTemporaryDir folder_;
  int cases_ = 0;
};

void ConvertTest::sixteen_bits_lose_nothing() {
  const QString original = kModels + "e-realheads-bf16.gguf";
  QCOMPARE(logits(converted(hf_folder::from_gguf(original, {"", "model.", 1}), TargetType::BF16)), logits(original));
}

// Converted to the same types, every tensor has the bytes of the file that other software wrote.
void ConvertTest::is_the_reference_file_again() {
  const QString path = kModels + "e-realheads-bf16.gguf";
  const auto original = open(path);
  const auto again = open(converted(hf_folder::from_gguf(path, {"F32", "model.", 2}), TargetType::BF16));
  QCOMPARE(again->tensors().size(), original->tensors().size());
  for (const engine::GgufTensor& tensor : original->tensors()) {
    const engine::GgufTensor* twin = again->find(tensor.name);
    const std::string name(tensor.name);
    QVERIFY2(twin != nullptr && twin->shape == tensor.shape, name.c_str());
    QVERIFY2(twin->format == tensor.format, name.c_str());
    QVERIFY2(std::ranges::equal(twin->data, tensor.data), name.c_str());
  }
  QCOMPARE(again->integer("general.file_type"), original->integer("general.file_type"));
  QCOMPARE(again->integer("general.quantization_version"), original->integer("general.quantization_version"));
}

void ConvertTest::stays_near_the_original_data() {
  QTest::addColumn<QString>("model");
  QTest::addColumn<QString>("type");
  QTest::addColumn<double>("most");
  // Logits have a deviation of about 4.5. The weights are random, so nothing averages out as it does in trained ones.
  for (const char* model : {"e-f32", "dense-f32", "moe-f32"}) {
    QTest::addRow("%s f16", model) << QString(model) << "f16" << 0.01;
    QTest::addRow("%s bf16", model) << QString(model) << "bf16" << 0.1;
    QTest::addRow("%s q8_0", model) << QString(model) << "q8_0" << 0.2;
    QTest::addRow("%s q6_k", model) << QString(model) << "q6_k" << 0.4;
    QTest::addRow("%s q4_k", model) << QString(model) << "q4_k" << 2.0;
    QTest::addRow("%s q4_0", model) << QString(model) << "q4_0" << 2.5;
  }
}

void ConvertTest::stays_near_the_original() {
  QFETCH(QString, model);
  QFETCH(QString, type);
  QFETCH(double, most);
  const QString original = kModels + model + ".gguf";
  const QString gguf = converted(hf_folder::from_gguf(original), *target_type(type.toStdString()));
  const double difference = root_mean_square(logits(gguf), logits(original));
  QVERIFY2(difference > 0 && difference <= most, qPrintable(QString::number(difference)));
}

void ConvertTest::chooses_formats_by_role_data() {
  QTest::addColumn<QString>("type");
  QTest::addColumn<QString>("matrix");
  QTest::addColumn<QString>("table");
  QTest::addColumn<int>("file_type");
  QTest::newRow("q8_0") << "q8_0"
                        << "Q8_0"
                        << "Q8_0" << 7;
  QTest::newRow("q4_0") << "q4_0"
                        << "Q4_0"
                        << "Q6_K" << 2;
  QTest::newRow("q4_k") << "q4_k"
                        << "Q4_K"
                        << "Q6_K" << 15;
  QTest::newRow("q6_k") << "q6_k"
                        << "Q6_K"
                        << "Q6_K" << 18;
  QTest::newRow("bf16") << "bf16"
                        << "BF16"
                        << "BF16" << 32;
  QTest::newRow("f16") << "f16"
                       << "F16"
                       << "F16" << 1;
}

// From a model whose rows are multiples of 256.
void ConvertTest::chooses_formats_by_role() {
  QFETCH(QString, type);
  QFETCH(QString, matrix);
  QFETCH(QString, table);
  QFETCH(int, file_type);
  const auto file =
      open(converted(hf_folder::from_gguf(kModels + "moe-q4_k_m.gguf"), *target_type(type.toStdString())));
  const auto format = [&](const char* name) {
    const std::string_view text = engine::format_info(file->find(name)->format).name;
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
  };
  QCOMPARE(format("token_embd.weight"), table);
  for (const char* name : {"blk.0.attn_q.weight", "blk.1.attn_k.weight", "blk.2.attn_output.weight",
                           "blk.0.ffn_gate.weight", "blk.1.ffn_up.weight", "blk.2.ffn_gate_up_exps.weight"})
    QCOMPARE(format(name), matrix);
  for (const char* name :
       {"output_norm.weight", "rope_freqs.weight", "blk.0.attn_q_norm.weight", "blk.1.ffn_gate_inp.weight",
        "blk.1.ffn_gate_inp.scale", "blk.0.ffn_down_exps.scale", "blk.2.layer_output_scale.weight"})
    QCOMPARE(format(name), QString("F32"));
  QCOMPARE(file->integer("general.file_type"), std::optional<std::int64_t>(file_type));
}

// Counted in published files.
void ConvertTest::chooses_the_formats_of_published_files() {
  const auto& e2b = published_models::kSizes[0];
  const auto& big = published_models::kSizes[2];
  const auto& moe = published_models::kSizes[3];
  QCOMPARE(planned_formats(moe, TargetType::Q4_K),
           (std::map<Format, int>{
               {Format::Q4_K, 192}, {Format::Q5_0, 32}, {Format::Q8_0, 28}, {Format::Q6_K, 14}, {Format::F32, 392}}));
  QCOMPARE(planned_formats(big, TargetType::Q4_K)[Format::F32], 339 - 1);
  QCOMPARE(planned_formats(e2b, TargetType::Q4_0)[Format::Q6_K], 2);
  QCOMPARE(planned_formats(e2b, TargetType::Q4_0)[Format::BF16], 1);
  QCOMPARE(planned_formats(big, TargetType::Q4_0)[Format::Q6_K], 1);
}

void ConvertTest::rows_that_blocks_do_not_divide_fall_back() {
  const auto one = [](TargetType type, TensorRole role, std::uint64_t row) {
    return plan_formats(type, {{role, {row, 4, 1, 1}}})[0];
  };
  QCOMPARE(one(TargetType::Q4_K, TensorRole::Matrix, 96), Format::Q5_0);
  QCOMPARE(one(TargetType::Q6_K, TensorRole::Matrix, 96), Format::Q8_0);
  QCOMPARE(one(TargetType::Q4_0, TensorRole::Embedding, 96), Format::Q8_0);
  QCOMPARE(one(TargetType::Q4_0, TensorRole::Matrix, 40), Format::F16);
  QCOMPARE(one(TargetType::Q8_0, TensorRole::Matrix, 40), Format::F16);
  QCOMPARE(one(TargetType::Q4_K, TensorRole::Vector, 40), Format::F32);
}

void ConvertTest::threads_change_nothing() {
  const Folder folder = hf_folder::from_gguf(kModels + "dense-f32.gguf");
  const auto bytes = [](const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
  };
  const QString name = write(folder);
  QVERIFY(convert(name.toStdString(), (name + ".a").toStdString(), {.type = TargetType::Q4_K, .threads = 1}).ok());
  QVERIFY(convert(name.toStdString(), (name + ".b").toStdString(), {.type = TargetType::Q4_K, .threads = 5}).ok());
  QVERIFY(!bytes(name + ".a").isEmpty());
  QVERIFY(bytes(name + ".a") == bytes(name + ".b"));
}

void ConvertTest::reports_its_progress() {
  const QString name = write(hf_folder::from_gguf(kModels + "dense-f32.gguf"));
  std::vector<std::uint64_t> steps;
  std::uint64_t whole = 0;
  ConvertOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    steps.push_back(done);
    whole = total;
  };
  QVERIFY(convert(name.toStdString(), (name + ".gguf").toStdString(), options).ok());
  QVERIFY(steps.size() > 50);
  QVERIFY(std::is_sorted(steps.begin(), steps.end()));
  QCOMPARE(steps.back(), whole);
}

void ConvertTest::leaves_nothing_when_it_is_stopped() {
  const QString name = write(hf_folder::from_gguf(kModels + "dense-f32.gguf"));
  QTemporaryDir output;
  std::stop_source stop;
  ConvertOptions options;
  options.stop = stop.get_token();
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    if (2 * done > total) stop.request_stop();
  };
  const auto result = convert(name.toStdString(), output.filePath("out.gguf").toStdString(), options);
  QVERIFY(!result.ok());
  QCOMPARE(result.error().code, Error::Code::Stopped);
  QCOMPARE(result.error().message, std::string("The conversion was stopped."));
  QCOMPARE(files_in(output.path()), QStringList());
}

// A limit on the size of files stands in for the end of the disk: the system refuses the same calls.
void ConvertTest::leaves_nothing_on_a_full_disk() {
  const QString name = write(hf_folder::from_gguf(kModels + "dense-f32.gguf"));
  QTemporaryDir output;
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  QCOMPARE(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{100'000, before.rlim_max};
  QCOMPARE(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto result = convert(name.toStdString(), output.filePath("out.gguf").toStdString(), {});
  QCOMPARE(::setrlimit(RLIMIT_FSIZE, &before), 0);
  QVERIFY(!result.ok());
  QCOMPARE(QString::fromStdString(result.error().message),
           "There is not enough room on the disk for '" + output.filePath("out.gguf") + "'.");
  QCOMPARE(files_in(output.path()), QStringList());
}

void ConvertTest::refuses_weights_that_are_no_numbers_data() {
  QTest::addColumn<float>("value");
  QTest::addColumn<QString>("type");
  QTest::addColumn<bool>("accepted");
  QTest::newRow("not a number") << std::nanf("") << "bf16" << false;
  QTest::newRow("infinite") << HUGE_VALF << "q8_0" << false;
  QTest::newRow("too large for a half") << 1e6F << "q4_k" << false;
  QTest::newRow("too large for a half that is written") << -1e6F << "f16" << false;
  QTest::newRow("large where that is fine") << 1e6F << "bf16" << true;
}

void ConvertTest::refuses_weights_that_are_no_numbers() {
  QFETCH(float, value);
  QFETCH(QString, type);
  QFETCH(bool, accepted);
  Folder folder = hf_folder::from_gguf(kModels + "dense-f32.gguf", {"F32", "model.", 1});
  QByteArray& data = folder.tensor("model.layers.1.mlp.up_proj.weight").data;
  std::memcpy(data.data() + data.size() - 4, &value, 4);
  const QString name = write(folder);
  QTemporaryDir output;
  const auto result = convert(name.toStdString(), output.filePath("out.gguf").toStdString(),
                              {.type = *target_type(type.toStdString())});
  QCOMPARE(result.ok(), accepted);
  QCOMPARE(files_in(output.path()), accepted ? QStringList("out.gguf") : QStringList());
  if (accepted) return;
  const QString message = QString::fromStdString(result.error().message);
  QVERIFY2(message.startsWith("The tensor 'blk.1.ffn_up.weight' holds values that are not numbers or too large for "),
           qPrintable(message));
}

void ConvertTest::refuses_targets_that_can_not_be() {
  const QString name = write(hf_folder::from_gguf(kModels + "dense-f32.gguf"));
  const auto message = [&](const QString& target) {
    const auto result = convert(name.toStdString(), target.toStdString(), {});
    return result.ok() ? QString("it was written") : QString::fromStdString(result.error().message);
  };
  QCOMPARE(message(folder_.path()), "'" + folder_.path() + "' is a folder; name the file to write.");
  QCOMPARE(message("/absent/out.gguf"), QString("There is no folder for '/absent/out.gguf'."));
}

// A reader of the old file keeps it, and never sees a part of the new one.
void ConvertTest::replaces_the_target_at_the_end() {
  const QString name = write(hf_folder::from_gguf(kModels + "dense-f32.gguf"));
  QTemporaryDir output;
  const QString target = output.filePath("out.gguf");
  hf_folder::write_file(target, "something else");
  ConvertOptions options;
  bool kept = true;
  options.progress = [&](std::uint64_t, std::uint64_t) { kept = kept && QFile(target).size() == 14; };
  QVERIFY(convert(name.toStdString(), target.toStdString(), options).ok());
  QVERIFY(kept);
  QCOMPARE(files_in(output.path()), QStringList("out.gguf"));
  QVERIFY(engine::describe_model(target.toStdString()).ok());
}

QTEST_APPLESS_MAIN(ConvertTest)
#include "convert_test.moc"
