#include "engine/model/describe.h"

#include <QTest>

#include "engine/gguf/gguf_file.h"
#include "tiny_model.h"

using namespace facet;
using namespace facet::engine;
namespace image = gguf_image;

class DescribeTest : public QObject {
  Q_OBJECT

 private slots:
  void counts_parameters_once();
  void lists_formats_by_size();
  void names_known_sizes();
  void falls_back_to_the_file_name();
  void tells_the_templates_apart();
  void reads_sampling_defaults();

 private:
  ModelDescription describe_image(const image::Image& content) {
    const auto model = describe_model(image::write_file(folder_, "shown.gguf", content.bytes()));
    if (!model.ok()) qFatal("%s", model.error().message.c_str());
    return *model;
  }
  Sampling sampling_of(const image::Image& content) {
    const auto file = GgufFile::open(image::write_file(folder_, "sampling.gguf", content.bytes()));
    if (!file.ok()) qFatal("%s", file.error().message.c_str());
    return read_default_sampling(**file);
  }

  QTemporaryDir folder_;
};

// Neither what is not used counts, nor the numbers that are no weights: rope factors and layer scales.
void DescribeTest::counts_parameters_once() {
  image::Image content = tiny_model::build();
  std::uint64_t expected = 0;
  for (const image::Tensor& tensor : content.tensors)
    if (!tensor.name.contains("rope_freqs") && !tensor.name.contains("layer_output_scale"))
      expected += static_cast<std::uint64_t>(tensor.data.size()) / 4;
  content.tensors.push_back({"v.patch_embd.weight", {64}, 0, QByteArray(256, '\0')});
  const ModelDescription model = describe_image(content);
  QCOMPARE(model.parameters, expected);
  QCOMPARE(model.file_bytes, static_cast<std::uint64_t>(content.bytes().size()));
}

void DescribeTest::lists_formats_by_size() {
  image::Image content = tiny_model::build();
  const auto floats = static_cast<int>(content.tensors.size());
  content.tensors.push_back({"extra.1", {256, 4096}, 14, QByteArray(860160, '\0')});
  content.tensors.push_back({"extra.2", {32}, 8, QByteArray(34, '\0')});
  QCOMPARE(QString::fromStdString(describe_image(content).formats), QString("Q6_K 1, F32 %1, Q8_0 1").arg(floats));
}

void DescribeTest::names_known_sizes() {
  QCOMPARE(describe_image(tiny_model::build()).size_label, std::string());
  // The layers of E2B with its width and with little else.
  tiny_model::Shape shape;
  shape.embedding = 1536;
  shape.ffn = 1;
  shape.vocabulary = 1;
  shape.per_layer = 0;
  shape.heads = 1;
  shape.full_dim = 2;
  shape.sliding_dim = 2;
  shape.sliding.clear();
  for (int i = 0; i < 35; ++i)
    shape.sliding.push_back(i % 5 != 4);
  shape.shared = 20;
  QCOMPARE(describe_image(tiny_model::build(shape)).size_label, std::string("E2B"));
}

void DescribeTest::falls_back_to_the_file_name() {
  image::Image content = tiny_model::build();
  QCOMPARE(describe_image(content).name, std::string("Tiny"));
  content.remove("general.name");
  QCOMPARE(describe_image(content).name, std::string("shown"));
}

void DescribeTest::tells_the_templates_apart() {
  tiny_model::Shape without_per_layer;
  without_per_layer.per_layer = 0;
  image::Image small = tiny_model::build();
  image::Image large = tiny_model::build(without_per_layer);
  QCOMPARE(describe_image(small).template_variant, TemplateVariant::Small);
  QCOMPARE(describe_image(large).template_variant, TemplateVariant::Large);
  // A template in the file decides: the source text has a backslash and the letter n.
  small.set("tokenizer.chat_template", image::string("{{ '<|channel>thought\\n<channel|>' }}"));
  large.set("tokenizer.chat_template", image::string("{{ '<|turn>model\\n' }}"));
  QCOMPARE(describe_image(small).template_variant, TemplateVariant::Large);
  QCOMPARE(describe_image(large).template_variant, TemplateVariant::Small);
}

void DescribeTest::reads_sampling_defaults() {
  image::Image content;
  QCOMPARE(sampling_of(content).top_k, 64);
  QCOMPARE(sampling_of(content).top_p, 0.95F);
  QCOMPARE(sampling_of(content).temperature, 1.0F);
  content.set("general.sampling.top_k", image::scalar<std::int32_t>(image::I32, 40));
  content.set("general.sampling.top_p", image::f32(0.5F));
  content.set("general.sampling.temp", image::f32(0.25F));
  QCOMPARE(sampling_of(content).top_k, 40);
  QCOMPARE(sampling_of(content).top_p, 0.5F);
  QCOMPARE(sampling_of(content).temperature, 0.25F);
  // What makes no sense is not taken over.
  content.set("general.sampling.top_k", image::scalar<std::int32_t>(image::I32, -3));
  content.set("general.sampling.top_p", image::f32(7.0F));
  content.set("general.sampling.temp", image::f32(-1.0F));
  QCOMPARE(sampling_of(content).top_k, 64);
  QCOMPARE(sampling_of(content).top_p, 0.95F);
  QCOMPARE(sampling_of(content).temperature, 1.0F);
}

QTEST_APPLESS_MAIN(DescribeTest)
#include "describe_test.moc"
