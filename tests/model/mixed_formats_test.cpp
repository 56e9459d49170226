#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <cstring>
#include <set>

#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/gguf/gguf_parts.h"
#include "tests/model/make_model.h"

using namespace facet;
using namespace facet::engine;
using namespace facet::model_maker;

namespace {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) qFatal("%s", result.error().message.c_str());
  return std::move(result).value();
}

// Every format that a model can be computed with.
std::vector<Format> weight_formats() {
  std::vector<Format> formats;
  for (const FormatInfo& format : all_formats())
    if (format.decode != nullptr) formats.push_back(format.format);
  return formats;
}

bool is_matrix(const PlannedTensor& tensor) {
  // The router is kept in float32 by all who write files.
  return !tensor.is_vector() && !tensor.info.name.ends_with("ffn_gate_inp.weight");
}

// Every matrix in the next format of the list: neighbours never share one, and each kind of tensor goes through the
// list from layer to layer.
ModelOrder mixed_order(const char* shape) {
  ModelOrder order{find_shape(shape).value(), find_file_type("f32").value(), {.split_experts = true}, 5};
  const std::vector<Format> formats = weight_formats();
  std::size_t next = 0;
  for (const PlannedTensor& tensor : plan_tensors(order.shape, order.type, order.variations)) {
    const std::string name = tensor.info.name.substr(0, tensor.info.name.rfind('.'));
    if (!is_matrix(tensor)) continue;
    order.type.exceptions[name] = formats[next++ % formats.size()];
  }
  return order;
}

std::string layer_of(const PlannedTensor& tensor) {
  const std::string& name = tensor.info.name;
  return name.starts_with("blk.") ? name.substr(0, name.find('.', 4)) : "";
}

// The model of a file with every weight decoded to float32.
std::unique_ptr<GgufFile> decoded(const GgufFile& file, const ModelOrder& order) {
  GgufParts parts;
  parts.path = file.path();
  parts.metadata = make_metadata(order);
  for (const GgufTensor& tensor : file.tensors()) {
    std::vector<float> values(tensor.shape[0] * tensor.shape[1] * tensor.shape[2] * tensor.shape[3]);
    format_info(tensor.format).decode(tensor.data.data(), values.data(), values.size());
    std::vector<std::byte>& bytes = parts.buffers.emplace_back(values.size() * sizeof(float));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    parts.tensors.push_back({{std::string(tensor.name), Format::F32, tensor.shape}, bytes});
  }
  return must(GgufFile::assemble(std::move(parts)));
}

// The logits of every token of a prompt that is longer than the window.
std::vector<float> evaluate(std::unique_ptr<GgufFile> model, const EngineOptions& options) {
  std::vector<Token> tokens = {2};
  for (int i = 0; i < 59; ++i)
    tokens.push_back(600 + i * 37 % 300);
  const auto engine = must(Engine::open(std::move(model), options));
  const auto sequence = engine->create_sequence();
  must(sequence->sync(tokens, {.logit_rows = tokens.size()}));
  std::vector<float> logits;
  for (std::size_t row = 0; row < sequence->logit_rows(); ++row)
    logits.insert(logits.end(), sequence->logits(row).begin(), sequence->logits(row).end());
  return logits;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) qFatal("%zu and %zu logits", a.size(), b.size());
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    squares += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
  return std::sqrt(squares / static_cast<double>(a.size()));
}

}  // namespace

// A file whose matrices have all weight formats, several in every layer. Truth is the same file with every weight
// decoded to float32: the decoders are compared with their formulas elsewhere, and float32 models with logits that
// were computed elsewhere.
class MixedFormatsTest : public QObject {
  Q_OBJECT

 private slots:
  void every_layer_mixes_formats_data() { shapes(); }
  void every_layer_mixes_formats();
  void full_precision_equals_float32_data() { shapes(); }
  void full_precision_equals_float32();
  void fast_precision_rounds_activations_only_data() { shapes(); }
  void fast_precision_rounds_activations_only();

 private:
  static void shapes() {
    QTest::addColumn<QString>("shape");
    for (const char* shape : {"tiny-E2B", "tiny-12B", "tiny-26B-A4B"})
      QTest::newRow(shape) << shape;
  }
  std::unique_ptr<GgufFile> make(const ModelOrder& order) {
    const std::string path = folder_.filePath(QString("%1.gguf").arg(++made_)).toStdString();
    const Status status = make_model(order, path);
    if (!status.ok()) qFatal("%s", status.error().message.c_str());
    return must(GgufFile::open(path));
  }

  QTemporaryDir folder_;
  int made_ = 0;
};

void MixedFormatsTest::every_layer_mixes_formats() {
  QFETCH(QString, shape);
  const ModelOrder order = mixed_order(qPrintable(shape));
  const auto file = make(order);
  std::set<Format> all;
  std::map<std::string, std::set<Format>> by_layer;
  for (const PlannedTensor& tensor : plan_tensors(order.shape, order.type, order.variations)) {
    if (!is_matrix(tensor)) continue;
    const GgufTensor* written = file->find(tensor.info.name);
    QVERIFY2(written != nullptr, tensor.info.name.c_str());
    all.insert(written->format);
    by_layer[layer_of(tensor)].insert(written->format);
  }
  QCOMPARE(weight_formats().size(), std::size_t{16});
  QCOMPARE(all.size(), std::size_t{16});
  for (const auto& [layer, formats] : by_layer)
    if (!layer.empty()) QVERIFY2(formats.size() >= 5, layer.c_str());
}

// Not only close: a product is the same whether its weights lie there as float32 or are decoded to it.
void MixedFormatsTest::full_precision_equals_float32() {
  QFETCH(QString, shape);
  const ModelOrder order = mixed_order(qPrintable(shape));
  for (const std::string& kernels : instruction_sets()) {
    const EngineOptions options{.precision = Precision::Full, .kernels = kernels};
    const std::vector<float> truth = evaluate(decoded(*make(order), order), options);
    QVERIFY(std::all_of(truth.begin(), truth.end(), [](float logit) { return std::isfinite(logit); }));
    QVERIFY2(evaluate(make(order), options) == truth, kernels.c_str());
  }
}

// Integer products differ from the truth by the rounding of activations to 8 bits, which is the same for all formats.
// So the model is about as far away as the same shape in Q8_0 alone; weights that differ change that by less than half,
// while a format that is multiplied wrongly shows in whole logits.
void MixedFormatsTest::fast_precision_rounds_activations_only() {
  QFETCH(QString, shape);
  ModelOrder order = mixed_order(qPrintable(shape));
  const auto difference = [&](const ModelOrder& of, const std::string& kernels) {
    const EngineOptions fast{.precision = Precision::Fast, .cache_format = CacheFormat::F32, .kernels = kernels};
    const EngineOptions full{.precision = Precision::Full};
    return distance(evaluate(make(of), fast), evaluate(decoded(*make(of), of), full));
  };
  for (const std::string& kernels : instruction_sets()) {
    const double mixed = difference(order, kernels);
    const double uniform = difference({order.shape, find_file_type("q8_0").value(), order.variations, 5}, kernels);
    QVERIFY2(mixed > 0 && mixed <= 2 * uniform, qPrintable(QString("%1, %2").arg(mixed).arg(uniform)));
  }
}

QTEST_APPLESS_MAIN(MixedFormatsTest)
#include "mixed_formats_test.moc"
