#include "engine/media/projector.h"

#include <QDir>
#include <QTest>
#include <cmath>

#include "engine/gguf/gguf_file.h"
#include "media_vectors.h"
#include "published_models.h"
#include "tiny_model.h"
#include "tiny_projector.h"

using namespace facet;
using namespace facet::engine;
namespace image = gguf_image;
using tiny_projector::Shape;

namespace {

QString name_of(const GgufTensor* tensor) {
  return tensor == nullptr ? QString("none")
                           : QString::fromUtf8(tensor->name.data(), static_cast<qsizetype>(tensor->name.size()));
}

// The tensors of a layer that hears, in the order of the steps.
QStringList names_of(const HearingLayerTensors& layer) {
  QStringList names;
  for (const GgufTensor* tensor : {layer.ffn_before.norm,
                                   layer.ffn_before.up.weight,
                                   layer.ffn_before.down.weight,
                                   layer.ffn_before.post_norm,
                                   layer.attn_pre_norm,
                                   layer.attn_q.weight,
                                   layer.attn_k.weight,
                                   layer.attn_v.weight,
                                   layer.attn_k_rel,
                                   layer.per_dim_scale,
                                   layer.attn_out.weight,
                                   layer.attn_post_norm,
                                   layer.conv_pre_norm,
                                   layer.conv_start.weight,
                                   layer.conv_depthwise,
                                   layer.conv_norm,
                                   layer.conv_end.weight,
                                   layer.ffn_behind.norm,
                                   layer.ffn_behind.up.weight,
                                   layer.ffn_behind.down.weight,
                                   layer.ffn_behind.post_norm,
                                   layer.out_norm})
    names += name_of(tensor).remove("a.blk.1.").remove(".weight");
  return names;
}

// The released projectors, as the specification lists them.
struct Released {
  const char* size;
  Shape shape;
  int tensors;
  double millions;  // of parameters: layers, patches, positions and projection for pictures, the same for sound
};

Shape encoders(std::uint32_t text_width) {
  Shape shape;
  shape.text_width = text_width;
  shape.vision = {768, 16, 12, 3072};
  shape.positions = 10240;
  shape.hearing = {1024, 12, 8, 4096};
  shape.channels[0] = 128;
  shape.channels[1] = 32;
  shape.output_width = 1536;
  return shape;
}

Shape large_encoder(std::uint32_t text_width) {
  Shape shape;
  shape.text_width = text_width;
  shape.hears = false;
  shape.vision = {1152, 27, 16, 4304};
  shape.positions = 10240;
  shape.clips = false;
  shape.standardises = true;
  return shape;
}

Shape no_encoder() {
  Shape shape;
  shape.text_width = 3840;
  shape.encoders = false;
  shape.vision.width = 3840;
  shape.positions = 1120;
  return shape;
}

const std::vector<Released>& released() {
  static const std::vector<Released> sizes = {
      {"E2B", encoders(1536), 1411, 151.0 + 0.6 + 15.7 + 1.2 + 302.0 + 1.1 + 1.6 + 2.4},
      {"E4B", encoders(2560), 1411, 151.0 + 0.6 + 15.7 + 2.0 + 302.0 + 1.1 + 1.6 + 3.9},
      {"12B", no_encoder(), 11, 26.5 + 8.6 + 14.7 + 2.5},
      {"26B-A4B", large_encoder(2816), 356, 544.9 + 0.9 + 23.6 + 3.2},
      {"31B", large_encoder(5376), 356, 544.9 + 0.9 + 23.6 + 6.2},
  };
  return sizes;
}

}  // namespace

// Projector files in every dialect, sound and damaged.
class ProjectorTest : public QObject {
  Q_OBJECT

 private slots:
  void describes_released_projectors_data();
  void describes_released_projectors();
  void reads_reference_projectors();
  void reads_the_configuration();
  void finds_tensors_by_what_they_do();
  void reads_limits_in_both_dialects();
  void limits_may_be_missing();
  void describes_models_with_a_projector_inside();
  void a_projector_inside_may_be_unusable();
  void every_tensor_is_needed_data();
  void every_tensor_is_needed();
  void every_shape_is_checked_data() { every_tensor_is_needed_data(); }
  void every_shape_is_checked();
  void refuses_what_can_not_be_data();
  void refuses_what_can_not_be();
  void accepts_what_others_write();
  void projectors_do_not_answer();

 private:
  std::unique_ptr<GgufFile> open(const image::Image& content, const char* name = "eyes.gguf") {
    auto file = GgufFile::open(image::write_file(folder_, name, content.bytes()));
    if (!file.ok()) qFatal("%s", file.error().message.c_str());
    return std::move(*file);
  }
  Projector read(const GgufFile& file) {
    auto projector = read_projector(file);
    if (!projector.ok()) qFatal("%s", projector.error().message.c_str());
    return std::move(*projector);
  }
  // What is wrong with it; nothing when it can be read.
  QString refusal(const image::Image& content) {
    const auto projector = read_projector(*open(content));
    return projector.ok() ? QString() : QString::fromStdString(projector.error().message);
  }

  QTemporaryDir folder_;
};

void ProjectorTest::describes_released_projectors_data() {
  QTest::addColumn<int>("index");
  for (int i = 0; i < static_cast<int>(released().size()); ++i)
    QTest::newRow(released()[static_cast<std::size_t>(i)].size) << i;
}

void ProjectorTest::describes_released_projectors() {
  QFETCH(int, index);
  const Released& expected = released()[static_cast<std::size_t>(index)];
  image::Image metadata;
  tiny_projector::set_metadata(metadata, expected.shape);
  std::vector<published_models::Hole> holes;
  for (const tiny_projector::Entry& entry : tiny_projector::Plan(expected.shape).entries())
    holes.push_back({entry.name, entry.shape});
  QCOMPARE(static_cast<int>(holes.size()), expected.tensors);
  const auto model = describe_model(published_models::write(folder_, "released.gguf", metadata, holes));
  QVERIFY2(model.ok(), model.ok() ? "" : model.error().message.c_str());
  QCOMPARE(model->role, ModelRole::Projector);
  QCOMPARE(model->size_label, std::string(expected.size));
  QCOMPARE(model->name, std::string("Tiny eyes and ears"));
  QCOMPARE(model->architecture, std::string("clip"));
  QVERIFY(model->sees);
  QCOMPARE(model->hears, expected.shape.hears);
  QCOMPARE(model->target_embedding_length, expected.shape.text_width);
  const double millions = static_cast<double>(model->parameters) / 1e6;
  QVERIFY2(std::abs(millions - expected.millions) < 0.4, qPrintable(QString::number(millions)));
}

// Those in the test data, and more in the folder of reference models.
void ProjectorTest::reads_reference_projectors() {
  QStringList folders = {FACET_TEST_DATA "/models"};
  if (qEnvironmentVariableIsSet("FACET_REFERENCE_DIR"))
    folders += qEnvironmentVariable("FACET_REFERENCE_DIR") + "/models";
  int read_files = 0;
  for (const QString& folder : folders)
    for (const QString& name : QDir(folder).entryList({"mmproj-*.gguf"})) {
      if (name.contains("text")) continue;
      const QString base = folder + "/" + name.chopped(5);
      QFile description(base + ".json");
      QVERIFY(description.open(QIODevice::ReadOnly));
      const nlohmann::json expected = nlohmann::json::parse(description.readAll().toStdString());
      const auto file = GgufFile::open((base + ".gguf").toStdString());
      QVERIFY(file.ok());
      QVERIFY(is_projector(**file));
      const ProjectorConfig config = read(**file).config;
      const auto kind = [](bool exists, bool encoder, const char* letter) -> std::string {
        return !exists ? "" : std::string("gemma4") + (encoder ? "" : "u") + letter;
      };
      const auto stated = [&](const char* key) {
        return expected[key].is_string() ? expected[key].get<std::string>() : std::string();
      };
      QCOMPARE(kind(config.vision.has_value(), config.vision && config.vision->has_encoder(), "v"),
               stated("vision_projector"));
      QCOMPARE(kind(config.hearing.has_value(), config.hearing && config.hearing->has_encoder(), "a"),
               stated("audio_projector"));
      QCOMPARE(config.text_width(), expected["text_width"].get<std::uint32_t>());
      ++read_files;
    }
  QVERIFY(read_files >= 2);
}

void ProjectorTest::reads_the_configuration() {
  const auto file = open(tiny_projector::build());
  const ProjectorConfig config = read(*file).config;
  QVERIFY(config.vision && config.hearing);
  QCOMPARE(config.vision->text_width, 32U);
  QCOMPARE(config.vision->width, 16U);
  QCOMPARE(config.vision->patch_side, 16U);
  QCOMPARE(config.vision->positions, 8U);
  QCOMPARE(config.vision->layers, 2U);
  QCOMPARE(config.vision->heads, 2U);
  QCOMPARE(config.vision->head_dim, 8U);
  QCOMPARE(config.vision->ffn_width, 24U);
  QCOMPARE(config.vision->rms_eps, 1e-6F);
  QCOMPARE(config.hearing->text_width, 32U);
  QCOMPARE(config.hearing->width, 12U);
  QCOMPARE(config.hearing->layers, 2U);
  QCOMPARE(config.hearing->heads, 3U);
  QCOMPARE(config.hearing->head_dim, 4U);
  QCOMPARE(config.hearing->ffn_width, 48U);
  QCOMPARE(config.hearing->channels, (std::array<std::uint32_t, 2>{8, 4}));
  QCOMPARE(config.hearing->kernel, 5U);
  QCOMPARE(config.hearing->output_width, 20U);

  const auto whole = open(tiny_projector::build({.encoders = false}), "whole.gguf");
  const ProjectorConfig plain = read(*whole).config;
  QCOMPARE(plain.vision->patch_side, 48U);
  QCOMPARE(plain.vision->width, 16U);
  QVERIFY(!plain.vision->has_encoder() && !plain.hearing->has_encoder());
  QCOMPARE(plain.hearing->width, 640U);
}

// Names are crossed over in files, and one of ollama's means something else there.
void ProjectorTest::finds_tensors_by_what_they_do() {
  const auto own = open(tiny_projector::build(), "own.gguf");
  const Projector usual = read(*own);
  QCOMPARE(names_of(usual.hearing->layers[1]).join(' '),
           QString("ffn_norm ffn_up ffn_down ffn_post_norm attn_pre_norm attn_q attn_k attn_v attn_k_rel per_dim_scale "
                   "attn_out attn_post_norm conv_norm conv_pw1 conv_dw norm_conv conv_pw2 ffn_norm_1 ffn_up_1 "
                   "ffn_down_1 ffn_post_norm_1 ln2"));
  QCOMPARE(name_of(usual.hearing->input_projection), QString("a.input_projection.weight"));
  QCOMPARE(name_of(usual.hearing->output), QString("a.pre_encode.out.weight"));
  QCOMPARE(name_of(usual.hearing->output_bias), QString("a.pre_encode.out.bias"));
  QCOMPARE(name_of(usual.hearing->convolutions[1]), QString("a.conv1d.1.weight"));
  QCOMPARE(name_of(usual.hearing->convolution_norms[0]), QString("a.conv1d.0.norm.weight"));
  QCOMPARE(name_of(usual.hearing->soft_projection), QString("mm.a.input_projection.weight"));
  QCOMPARE(name_of(usual.vision->layers[1].ffn_gate.weight), QString("v.blk.1.ffn_gate.weight"));
  QCOMPARE(name_of(usual.vision->std_bias), QString("none"));

  const auto inside = open(tiny_projector::build_inside(tiny_model::build()), "inside.gguf");
  QVERIFY(has_projector_inside(*inside) && !is_projector(*inside));
  const Projector ollama = read(*inside);
  QCOMPARE(names_of(ollama.hearing->layers[1]).join(' '),
           QString("ffn_norm ffn_up ffn_down ffn_post_norm ln1 attn_q attn_k attn_v linear_pos per_dim_scale attn_out "
                   "ln2 conv_norm conv_pw1 conv_dw norm_conv conv_pw2 ffn_norm_1 ffn_up_1 ffn_down_1 ffn_post_norm_1 "
                   "layer_pre_norm"));
  QCOMPARE(name_of(ollama.hearing->input_projection), QString("a.pre_encode.out.weight"));
  QCOMPARE(name_of(ollama.hearing->output), QString("mm.a.fc.weight"));
  QCOMPARE(name_of(ollama.hearing->output_bias), QString("mm.a.fc.bias"));
  QCOMPARE(ollama.config.vision->head_dim, usual.config.vision->head_dim);
  QCOMPARE(ollama.parameters, usual.parameters);
}

// Matrix i of all has the limits -(2 i + 1) and 2 i + 1.5 for what goes in, one more for what comes out.
void ProjectorTest::reads_limits_in_both_dialects() {
  const auto expected = [](std::size_t i) {
    const auto first = static_cast<float>(2 * i + 1);
    return ClipRange{-first, first + 0.5F, -first - 1, first + 1.5F};
  };
  const auto verify_layers = [&](VisionTensors& vision) {
    for (std::size_t i = 0; i < 2; ++i) {
      VisionLayerTensors& layer = vision.layers[i];
      const ClippedMatrix* matrices[] = {&layer.attn_q,   &layer.attn_k, &layer.attn_v,  &layer.attn_out,
                                         &layer.ffn_gate, &layer.ffn_up, &layer.ffn_down};
      for (std::size_t j = 0; j < 7; ++j)
        QVERIFY(matrices[j]->clip == expected(i * 7 + j));
    }
  };
  const auto own = open(tiny_projector::build(), "own.gguf");
  Projector usual = read(*own);
  verify_layers(*usual.vision);
  QVERIFY(usual.vision->input_projection.clip == ClipRange());
  const ClipRange first_heard = usual.hearing->layers[0].ffn_before.up.clip;
  QVERIFY(first_heard == expected(14));

  image::Image content = tiny_projector::build_inside(tiny_model::build());
  const auto inside = open(content, "inside.gguf");
  Projector ollama = read(*inside);
  verify_layers(*ollama.vision);
  QVERIFY(ollama.vision->input_projection.clip == expected(14));
  QVERIFY(ollama.hearing->layers[0].ffn_before.up.clip == expected(15));
  // Four zeros stand for none.
  QByteArray& packed = content.tensor("v.clamp_data").data;
  packed.replace(packed.size() - 16, 16, QByteArray(16, '\0'));
  const auto without = open(content, "without.gguf");
  QVERIFY(read(*without).vision->input_projection.clip == ClipRange());
}

void ProjectorTest::limits_may_be_missing() {
  image::Image content = tiny_projector::build({.hears = false, .clips = false});
  const auto none = open(content);
  const Projector unlimited = read(*none);
  for (const VisionLayerTensors& layer : unlimited.vision->layers)
    QVERIFY(layer.attn_q.clip == ClipRange() && layer.ffn_down.clip == ClipRange());
  content.tensors.push_back({"v.blk.1.attn_k.output_max", {1}, 0, image::raw(3.0F)});
  content.tensors.push_back({"mm.input_projection.input_min", {1}, 0, image::raw(-INFINITY)});
  const auto some = open(content, "some.gguf");
  const Projector projector = read(*some);
  ClipRange upper;
  upper.output_max = 3;
  QVERIFY(projector.vision->layers[1].attn_k.clip == upper);
  QCOMPARE(projector.vision->input_projection.clip.input_min, -INFINITY);
}

void ProjectorTest::describes_models_with_a_projector_inside() {
  const auto describe = [&](const image::Image& content) {
    auto model = describe_model(*open(content));
    if (!model.ok()) qFatal("%s", model.error().message.c_str());
    return *model;
  };
  const ModelDescription deaf = describe(tiny_model::build());
  QVERIFY(!deaf.sees && !deaf.hears && deaf.media_remark.empty());
  for (const bool hears : {true, false}) {
    const ModelDescription model = describe(tiny_projector::build_inside(tiny_model::build(), {.hears = hears}));
    QCOMPARE(model.role, ModelRole::Model);
    QVERIFY(model.sees);
    QCOMPARE(model.hears, hears);
    QCOMPARE(model.parameters, deaf.parameters);
    QCOMPARE(model.media_remark, std::string());
  }
  const ModelDescription plain = describe(tiny_projector::build_inside(tiny_model::build(), {.encoders = false}));
  QVERIFY(plain.sees && plain.hears);
}

// The model answers all the same.
void ProjectorTest::a_projector_inside_may_be_unusable() {
  image::Image content = tiny_projector::build_inside(tiny_model::build());
  content.remove_tensor("v.blk.1.ffn_up.weight");
  const auto model = describe_model(*open(content));
  QVERIFY(model.ok());
  QVERIFY(!model->sees && !model->hears);
  QCOMPARE(QString::fromStdString(model->media_remark),
           QString("'eyes.gguf' can not be used: it has no tensor 'v.blk.1.ffn_up.weight'."));
  QCOMPARE(model->role, ModelRole::Model);
  QCOMPARE(model->layers, 4U);
}

void ProjectorTest::every_tensor_is_needed_data() {
  QTest::addColumn<bool>("encoders");
  QTest::addColumn<bool>("ollama");
  QTest::newRow("encoders") << true << false;
  QTest::newRow("no encoders") << false << false;
  QTest::newRow("encoders in a model's file") << true << true;
  QTest::newRow("no encoders in a model's file") << false << true;
}

void ProjectorTest::every_tensor_is_needed() {
  QFETCH(bool, encoders);
  QFETCH(bool, ollama);
  const Shape shape = {.encoders = encoders, .ollama = ollama};
  const image::Image sound =
      ollama ? tiny_projector::build_inside(tiny_model::build(), shape) : tiny_projector::build(shape);
  QCOMPARE(refusal(sound), QString());
  int tried = 0;
  for (const tiny_projector::Entry& entry : tiny_projector::Plan(shape).entries()) {
    if (entry.is_limit) continue;
    // Without these two nobody knows that there is a projector, or whose names are in use.
    if (ollama && (entry.name == "v.patch_embd.weight" || entry.name == "mm.a.input_projection.weight")) continue;
    if (entry.name == "mm.a.fc.weight") continue;
    image::Image content = sound;
    content.remove_tensor(entry.name);
    QCOMPARE(refusal(content), QString("'eyes.gguf' can not be used: it has no tensor '%1'.").arg(QString(entry.name)));
    ++tried;
  }
  QVERIFY(tried >= (encoders ? 70 : 8));
}

// A row more, and a row less, than the metadata says.
void ProjectorTest::every_shape_is_checked() {
  QFETCH(bool, encoders);
  QFETCH(bool, ollama);
  const Shape shape = {.encoders = encoders, .ollama = ollama};
  const image::Image sound =
      ollama ? tiny_projector::build_inside(tiny_model::build(), shape) : tiny_projector::build(shape);
  for (const tiny_projector::Entry& entry : tiny_projector::Plan(shape).entries())
    for (const int change : {-1, 1}) {
      image::Image content = sound;
      image::Tensor& tensor = content.tensor(entry.name);
      // Other tensors have to agree with these, whose size is theirs to say.
      const bool decides = entry.name.startsWith("a.conv1d.") || entry.name == "a.blk.0.conv_dw.weight";
      std::uint64_t& extent = decides ? tensor.shape.front() : tensor.shape.back();
      const std::uint64_t before = extent;
      if (before == 1 && change < 0) continue;
      extent = before + static_cast<std::uint64_t>(change);
      tensor.data.resize(tensor.data.size() / static_cast<qsizetype>(before) * static_cast<qsizetype>(extent));
      const QString message = refusal(content);
      QVERIFY2(message.startsWith("'eyes.gguf' can not be used: ") && message.endsWith('.'), qPrintable(message));
      QVERIFY2(message.contains(" is ") || message.contains(" between 1 and "), qPrintable(message));
    }
}

using Damage = std::function<void(image::Image&)>;

void ProjectorTest::refuses_what_can_not_be_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::addColumn<QString>("reason");
  const auto damaged = [](const char* name, const char* reason, const Damage& damage) {
    image::Image content = tiny_projector::build();
    damage(content);
    QTest::newRow(name) << content.bytes() << QString(reason);
  };
  const auto entry = [&](const char* name, const char* key, const image::Value& value) {
    damaged(name, key, [&](image::Image& c) { c.set(QByteArray("clip.") + key, value); });
  };
  using image::f32;
  using image::u32;

  damaged("nothing to project", "is a projector for neither pictures nor sound.", [](image::Image& c) {
    c.set("clip.has_vision_encoder", image::scalar<std::uint8_t>(image::Bool, 0));
    c.set("clip.has_audio_encoder", image::scalar<std::uint8_t>(image::Bool, 0));
  });
  entry("a truth that is none", "has_vision_encoder", image::string("yes"));
  damaged("another family", "is a projector of the kind 'gemma3'; Facet knows those of Gemma 4 only.",
          [](image::Image& c) { c.set("clip.vision.projector_type", image::string("gemma3")); });
  damaged("the other sense", "is a projector of the kind 'gemma4a'",
          [](image::Image& c) { c.set("clip.vision.projector_type", image::string("gemma4a")); });
  damaged("a kind with terminal codes", "of the kind '?[31mred?'",
          [](image::Image& c) { c.set("clip.audio.projector_type", image::string("\x1b[31mred\n")); });
  damaged("no kind", "'clip.projector_type' is missing from its metadata",
          [](image::Image& c) { c.remove("clip.audio.projector_type"); });
  entry("a kind as a number", "vision.projector_type", u32(4));

  for (const char* key :
       {"vision.projection_dim", "vision.embedding_length", "vision.feed_forward_length", "vision.block_count",
        "vision.attention.head_count", "audio.projection_dim", "audio.embedding_length", "audio.feed_forward_length",
        "audio.block_count", "audio.attention.head_count"}) {
    damaged(qPrintable(QString("without %1").arg(key)), qPrintable(QString("'clip.%1' is missing").arg(key)),
            [key](image::Image& c) { c.remove(QByteArray("clip.") + key); });
    for (const std::uint32_t value : {0U, 1U << 21U, 0xffffffffU})
      damaged(qPrintable(QString("%1 of %2").arg(key).arg(value)),
              qPrintable(QString("'clip.%1' is %2").arg(key).arg(value)),
              [&](image::Image& c) { c.set(QByteArray("clip.") + key, u32(value)); });
    damaged(qPrintable(QString("%1 as text").arg(key)), qPrintable(QString("'clip.%1' is not a whole number").arg(key)),
            [&](image::Image& c) { c.set(QByteArray("clip.") + key, image::string("2")); });
  }
  damaged("a layer more than there is", "it has no tensor 'v.blk.2.ln1.weight'",
          [](image::Image& c) { c.set("clip.vision.block_count", u32(3)); });
  damaged("512 layers", "it has no tensor 'a.blk.2.",
          [](image::Image& c) { c.set("clip.audio.block_count", u32(512)); });
  entry("heads that do not divide", "vision.attention.head_count", u32(3));
  entry("heads without pairs", "vision.attention.head_count", u32(8));
  entry("ears that do not divide", "audio.attention.head_count", u32(5));
  entry("other patches", "vision.patch_size", u32(14));
  entry("other pools", "vision.projector.scale_factor", u32(2));
  entry("other bands", "audio.num_mel_bins", u32(80));
  entry("another mean", "vision.image_mean", image::array<float>(image::F32, {0.5F, 0.5F, 0.5F}));
  entry("another deviation", "vision.image_std", image::array<float>(image::F32, {1, 1, 0.5F}));
  entry("a mean in words", "vision.image_mean", image::string("none"));
  entry("no epsilon", "vision.attention.layer_norm_epsilon", f32(0));
  entry("an epsilon that is no number", "audio.attention.layer_norm_epsilon",
        f32(std::numeric_limits<float>::quiet_NaN()));
  damaged("senses of two models", "its pictures are for a model of width 32 and its sound for one of 48",
          [](image::Image& c) { c.set("clip.audio.projection_dim", u32(48)); });

  damaged("a norm that is no number", "'v.blk.1.ln2.weight' holds a value that is not a number", [](image::Image& c) {
    c.tensor("v.blk.1.ln2.weight").data.replace(0, 4, image::raw(std::numeric_limits<float>::quiet_NaN()));
  });
  damaged("an infinite bias", "'a.pre_encode.out.bias' holds a value that is not a number", [](image::Image& c) {
    c.tensor("a.pre_encode.out.bias").data.replace(0, 4, image::raw(std::numeric_limits<float>::infinity()));
  });
  damaged("a limit that is no number", "'v.blk.0.attn_q.input_min' holds a value that is not a number",
          [](image::Image& c) {
            c.tensor("v.blk.0.attn_q.input_min").data = image::raw(std::numeric_limits<float>::quiet_NaN());
          });
  damaged("limits the wrong way round", "the limits of 'v.blk.0.attn_q.weight' leave nothing between them",
          [](image::Image& c) { c.tensor("v.blk.0.attn_q.input_min").data = image::raw(1000.0F); });
  damaged("half a standardisation", "of 'v.std_bias' and 'v.std_scale' it has only one", [](image::Image& c) {
    c.tensors.push_back({"v.std_bias", {16}, 0, QByteArray(64, '\0')});
  });
  damaged("a format without numbers", "has the format I32, which Facet can not compute with",
          [](image::Image& c) { c.tensor("v.blk.0.attn_q.weight").type = 26; });
  for (const char* step : {"v.blk.0.out_scale.weight", "a.blk.1.per_dim_k_scale.weight", "mm.a.soft_emb_norm.weight"})
    damaged(step, qPrintable(QString("Facet knows no Gemma 4 model with a tensor '%1'").arg(step)),
            [&](image::Image& c) {
              c.tensors.push_back({step, {1}, 0, QByteArray(4, '\0')});
            });
}

void ProjectorTest::refuses_what_can_not_be() {
  QFETCH(QByteArray, bytes);
  QFETCH(QString, reason);
  const auto model = describe_model(image::write_file(folder_, "odd.gguf", bytes));
  QVERIFY(!model.ok());
  const QString message = QString::fromStdString(model.error().message);
  QVERIFY2(message.startsWith("'odd.gguf' ") && message.endsWith('.') && !message.contains('\n'), qPrintable(message));
  QVERIFY2(message.contains(reason), qPrintable(message));
}

// One kind for the whole file, no statement of what is in it, and numbers that have only one value left out.
void ProjectorTest::accepts_what_others_write() {
  image::Image content = tiny_projector::build({.hears = false, .standardises = true});
  content.remove("clip.has_vision_encoder");
  content.remove("clip.vision.projector_type");
  content.set("clip.projector_type", image::string("gemma4v"));
  for (const char* key : {"patch_size", "image_size", "image_mean", "image_std", "attention.layer_norm_epsilon"})
    content.remove(QByteArray("clip.vision.") + key);
  const auto file = open(content);
  const Projector projector = read(*file);
  QVERIFY(projector.config.vision && !projector.config.hearing);
  QCOMPARE(projector.config.vision->rms_eps, 1e-6F);
  QCOMPARE(name_of(projector.vision->std_scale), QString("v.std_scale"));
}

void ProjectorTest::projectors_do_not_answer() {
  const auto engine = Engine::open(image::write_file(folder_, "eyes.gguf", tiny_projector::build().bytes()), {});
  QVERIFY(!engine.ok());
  QCOMPARE(QString::fromStdString(engine.error().message),
           QString("'eyes.gguf' is a projector for pictures and sound; open the model it belongs to."));
}

QTEST_APPLESS_MAIN(ProjectorTest)
#include "projector_test.moc"
