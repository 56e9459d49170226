#include "engine/model/config.h"

#include <QTest>

#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "published_models.h"
#include "tiny_model.h"

using namespace facet;
using namespace facet::engine;
namespace image = gguf_image;
using published_models::Size;

// What is read from the metadata of the published models, and from files that say it in other ways.
class ConfigTest : public QObject {
  Q_OBJECT

 private slots:
  void describes_published_models_data();
  void describes_published_models();
  void reads_published_layers_data() { describes_published_models_data(); }
  void reads_published_layers();
  void reads_keys_from_their_donors();
  void missing_optional_keys_have_their_defaults();
  void scalars_stand_for_all_layers();
  void accepts_integers_of_any_type();
  void reads_files_of_the_other_converter();
  void describes_published_drafters_data();
  void describes_published_drafters();
  void understands_the_drafters_dialects_data();
  void understands_the_drafters_dialects();
  void refuses_incomplete_drafters_data();
  void refuses_incomplete_drafters();
  void drafters_do_not_answer();

 private:
  std::string write(const image::Image& content) {
    return image::write_file(folder_, QString("case-%1.gguf").arg(++cases_), content.bytes());
  }
  ModelConfig config_of(const std::string& path) {
    const auto file = GgufFile::open(path);
    if (!file.ok()) qFatal("%s", file.error().message.c_str());
    auto config = read_config(**file);
    if (!config.ok()) qFatal("%s", config.error().message.c_str());
    return *config;
  }
  std::string write_published(const Size& size, bool unused_keys) {
    published_models::Builder builder(size, unused_keys);
    return published_models::write(folder_, QString("case-%1.gguf").arg(++cases_), builder.metadata(),
                                   builder.tensors());
  }
  ModelDescription description_of(const std::string& path) {
    const auto model = describe_model(path);
    if (!model.ok()) qFatal("%s", model.error().message.c_str());
    return *model;
  }

  QTemporaryDir folder_;
  int cases_ = 0;
};

void ConfigTest::describes_published_models_data() {
  QTest::addColumn<int>("index");
  for (int i = 0; i < static_cast<int>(std::size(published_models::kSizes)); ++i)
    QTest::newRow(published_models::kSizes[i].label) << i;
}

// Keys and values that shared layers do not use may be there or not, and do not count.
void ConfigTest::describes_published_models() {
  QFETCH(int, index);
  const Size& size = published_models::kSizes[index];
  for (const bool unused_keys : {true, false}) {
    const std::string path = write_published(size, unused_keys);
    const auto file = GgufFile::open(path);
    QVERIFY(file.ok());
    QCOMPARE(static_cast<int>((*file)->tensors().size()), unused_keys ? size.tensors_with_unused : size.tensors);
    const ModelDescription model = description_of(path);
    QCOMPARE(model.role, ModelRole::Model);
    QCOMPARE(QString::fromStdString(model.size_label), QString(size.label));
    QCOMPARE(model.layers, size.layers);
    QCOMPARE(model.vocabulary_size, published_models::kVocabulary);
    QCOMPARE(model.trained_context_length, size.context);
    const double billions = static_cast<double>(model.parameters) / 1e9;
    QVERIFY2(std::abs(billions - size.billions) < 0.001, qPrintable(QString::number(billions)));
  }
}

void ConfigTest::reads_published_layers() {
  QFETCH(int, index);
  const Size& size = published_models::kSizes[index];
  const ModelConfig config = config_of(write_published(size, false));
  QCOMPARE(config.layer_count(), size.layers);
  QCOMPARE(config.per_layer_width, size.per_layer);
  QCOMPARE(config.expert_count, size.experts);
  QCOMPARE(config.rope_base, 1e6);
  QCOMPARE(config.rope_base_sliding, 1e4);
  QCOMPARE(config.logit_softcap, 30.0F);
  QCOMPARE(config.rms_eps, 1e-6F);
  for (std::uint32_t i = 0; i < size.layers; ++i) {
    const LayerConfig& layer = config.layers[i];
    const bool full = published_models::is_full(size, i);
    QCOMPARE(layer.sliding(), !full);
    QCOMPARE(layer.window, full ? 0 : size.window);
    QCOMPARE(layer.head_dim, full ? 512U : 256U);
    QCOMPARE(layer.heads, size.heads);
    QCOMPARE(layer.kv_heads, full ? size.kv_full : size.kv_sliding);
    QCOMPARE(layer.ffn_width, published_models::ffn_width(size, i));
  }
  QVERIFY(!config.layers.back().sliding());
}

// The layers that others read, as the specification names them.
void ConfigTest::reads_keys_from_their_donors() {
  const ModelConfig e2b = config_of(write_published(published_models::kSizes[0], true));
  for (const std::uint32_t full : {19U, 24U, 29U, 34U})
    QCOMPARE(e2b.layers[full].kv_source, 14U);
  for (const std::uint32_t sliding : {15U, 18U, 20U, 33U})
    QCOMPARE(e2b.layers[sliding].kv_source, 13U);
  QCOMPARE(e2b.last_kv_owner(), 14U);
  const ModelConfig e4b = config_of(write_published(published_models::kSizes[1], false));
  for (const std::uint32_t full : {29U, 35U, 41U})
    QCOMPARE(e4b.layers[full].kv_source, 23U);
  for (const std::uint32_t sliding : {24U, 30U, 40U})
    QCOMPARE(e4b.layers[sliding].kv_source, 22U);
}

void ConfigTest::missing_optional_keys_have_their_defaults() {
  image::Image content = tiny_model::build({.per_layer = 0, .shared = 0});
  for (const char* key : {"attention.layer_norm_rms_epsilon", "attention.shared_kv_layers", "attention.value_length",
                          "attention.value_length_swa", "rope.freq_base", "rope.freq_base_swa", "rope.dimension_count",
                          "rope.dimension_count_swa", "final_logit_softcapping", "embedding_length_per_layer_input"})
    content.remove(QByteArray("gemma4.") + key);
  const ModelConfig config = config_of(write(content));
  QCOMPARE(config.rms_eps, 1e-6F);
  QCOMPARE(config.logit_softcap, 30.0F);
  QCOMPARE(config.rope_base, 1e6);
  QCOMPARE(config.rope_base_sliding, 1e4);
  QCOMPARE(config.per_layer_width, 0U);
  QCOMPARE(config.expert_count, 0U);
  QCOMPARE(config.layers[1].head_dim, 16U);
  QCOMPARE(config.layers[0].head_dim, 8U);
  QCOMPARE(config.last_kv_owner(), 3U);
}

void ConfigTest::scalars_stand_for_all_layers() {
  image::Image content = tiny_model::build();
  const ModelConfig from_scalars = config_of(write(content));
  const std::vector<std::int32_t> ones(4, 1);
  content.set("gemma4.attention.head_count", image::array<std::int32_t>(image::I32, {2, 2, 2, 2}));
  content.set("gemma4.attention.head_count_kv", image::array(image::I32, ones));
  content.set("gemma4.feed_forward_length", image::array<std::int32_t>(image::I32, {48, 48, 48, 48}));
  const ModelConfig from_arrays = config_of(write(content));
  for (std::size_t i = 0; i < 4; ++i) {
    QCOMPARE(from_arrays.layers[i].heads, from_scalars.layers[i].heads);
    QCOMPARE(from_arrays.layers[i].kv_heads, from_scalars.layers[i].kv_heads);
    QCOMPARE(from_arrays.layers[i].ffn_width, from_scalars.layers[i].ffn_width);
  }
}

void ConfigTest::accepts_integers_of_any_type() {
  image::Image content = tiny_model::build();
  content.set("gemma4.block_count", image::scalar<std::uint64_t>(image::U64, 4));
  content.set("gemma4.context_length", image::scalar<std::int64_t>(image::I64, 64));
  content.set("gemma4.embedding_length", image::scalar<std::uint16_t>(image::U16, 32));
  content.set("gemma4.attention.head_count", image::scalar<std::uint8_t>(image::U8, 2));
  content.set("gemma4.attention.sliding_window", image::scalar<std::int32_t>(image::I32, 4));
  content.set("gemma4.attention.sliding_window_pattern", image::array<std::int32_t>(image::I32, {1, 0, 1, 0}));
  content.set("gemma4.rope.freq_base", image::scalar<double>(image::F64, 1e6));
  const ModelConfig config = config_of(write(content));
  QCOMPARE(config.layer_count(), 4U);
  QCOMPARE(config.trained_context_length, 64U);
  QCOMPARE(config.layers[0].window, 4U);
}

// Encoders for pictures and sound in the same file, with keys and tensors of their own; an older name of the expert
// scales; no key for the soft cap.
void ConfigTest::reads_files_of_the_other_converter() {
  tiny_model::Shape shape;
  shape.experts = 4;
  image::Image content = tiny_model::build(shape);
  content.set("tokenizer.ggml.model", image::string("llama"));
  content.set("tokenizer.ggml.pre", image::string("gemma4"));
  content.set("gemma4.vision.block_count", image::u32(16));
  content.set("gemma4.vision.embedding_length", image::u32(768));
  content.set("gemma4.audio.block_count", image::u32(12));
  content.set("gemma4.audio.attention.layer_norm_epsilon", image::f32(1e-6F));
  content.remove("gemma4.final_logit_softcapping");
  for (const char* name :
       {"v.blk.0.attn_q.weight", "a.blk.0.ffn_up.weight", "mm.input_projection.weight", "v.clamp_data"})
    content.tensors.push_back({name, {5, 3}, 0, QByteArray(60, '\x7f')});
  for (int i = 0; i < 4; ++i)
    content.tensor("blk." + QByteArray::number(i) + ".ffn_down_exps.scale").name =
        "blk." + QByteArray::number(i) + ".ffn_gate_inp.per_expert_scale";
  const ModelDescription model = description_of(write(content));
  QCOMPARE(model.parameters, description_of(write(tiny_model::build(shape))).parameters);
  QCOMPARE(config_of(write(content)).logit_softcap, 30.0F);
}

namespace {

struct Drafter {
  const char* label;
  std::uint32_t width, ffn, heads, target;
  bool clusters;
  double millions;
};

constexpr Drafter kDrafters[] = {
    {"E2B", 256, 2048, 4, 1536, true, 77.7},   {"E4B", 256, 2048, 4, 2560, true, 78.5},
    {"12B", 1024, 8192, 16, 3840, false, 423}, {"26B-A4B", 1024, 8192, 16, 2816, false, 420},
    {"31B", 1024, 8192, 32, 5376, false, 470},
};

// How writers name the parts of a drafter.
struct Dialect {
  const char* architecture;
  const char* target_width;
  const char* before;
  const char* after;
  const char* centroids;
  const char* ordering;
};

constexpr Dialect kDialects[] = {
    {"gemma4-assistant", "embedding_length_out", "nextn.pre_projection.weight", "nextn.post_projection.weight",
     "masked_embd_centroids.weight", "masked_embd_ordering"},
    {"gemma4_mtp", "backbone_embedding_length", "mtp_pre_proj.weight", "mtp_post_proj.weight", "mtp_centroids.weight",
     "mtp_token_ordering.weight"},
    {"gemma4_assistant", "n_embd_backbone", "mtp.pre_projection.weight", "mtp.post_projection.weight",
     "mtp.centroids.weight", "mtp.token_ordering.weight"},
};

struct DrafterFile {
  image::Image metadata;
  std::vector<published_models::Hole> tensors;
};

DrafterFile drafter_file(const Drafter& drafter, const Dialect& dialect, std::uint64_t vocabulary) {
  DrafterFile file;
  const auto key = [&](const char* name) { return QByteArray(dialect.architecture) + "." + name; };
  file.metadata.set("general.architecture", image::string(dialect.architecture));
  file.metadata.set(key("block_count"), image::u32(4));
  file.metadata.set(key("embedding_length"), image::u32(drafter.width));
  file.metadata.set(key(dialect.target_width), image::u32(drafter.target));
  const auto add = [&](const QByteArray& name, const std::vector<std::uint64_t>& shape) {
    file.tensors.push_back({name, shape});
  };
  const std::uint64_t width = drafter.width;
  add("token_embd.weight", {width, vocabulary});
  add("output_norm.weight", {width});
  add(dialect.before, {2 * drafter.target, width});
  add(dialect.after, {width, drafter.target});
  if (drafter.clusters) add(dialect.centroids, {width, 2048});
  for (int i = 0; i < 4; ++i) {
    const QByteArray block = "blk." + QByteArray::number(i) + ".";
    const std::uint64_t dim = i == 3 ? 512 : 256;
    for (const char* norm : {"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"})
      add(block + norm + ".weight", {width});
    add(block + "attn_q.weight", {width, drafter.heads * dim});
    add(block + "attn_q_norm.weight", {dim});
    add(block + "attn_output.weight", {drafter.heads * dim, width});
    add(block + "ffn_gate.weight", {width, drafter.ffn});
    add(block + "ffn_up.weight", {width, drafter.ffn});
    add(block + "ffn_down.weight", {drafter.ffn, width});
    add(block + "layer_output_scale.weight", {1});
  }
  return file;
}

constexpr Drafter kTinyDrafter = {"", 32, 64, 2, 48, true, 0};

}  // namespace

void ConfigTest::describes_published_drafters_data() {
  QTest::addColumn<int>("index");
  for (int i = 0; i < static_cast<int>(std::size(kDrafters)); ++i)
    QTest::newRow(kDrafters[i].label) << i;
}

void ConfigTest::describes_published_drafters() {
  QFETCH(int, index);
  const Drafter& drafter = kDrafters[index];
  const DrafterFile file = drafter_file(drafter, kDialects[0], published_models::kVocabulary);
  const ModelDescription model =
      description_of(published_models::write(folder_, "drafter.gguf", file.metadata, file.tensors));
  QCOMPARE(model.role, ModelRole::Drafter);
  QCOMPARE(QString::fromStdString(model.size_label), QString(drafter.label));
  QCOMPARE(model.target_embedding_length, drafter.target);
  QCOMPARE(model.layers, 4U);
  QCOMPARE(model.vocabulary_size, published_models::kVocabulary);
  const double millions = static_cast<double>(model.parameters) / 1e6;
  QVERIFY2(std::abs(millions - drafter.millions) <= 0.5, qPrintable(QString::number(millions)));
}

void ConfigTest::understands_the_drafters_dialects_data() {
  QTest::addColumn<int>("dialect");
  for (int i = 0; i < static_cast<int>(std::size(kDialects)); ++i)
    QTest::newRow(kDialects[i].architecture) << i;
}

// Lists of token ids and missing rope factors are no reason to refuse one.
void ConfigTest::understands_the_drafters_dialects() {
  QFETCH(int, dialect);
  DrafterFile file = drafter_file(kTinyDrafter, kDialects[dialect], 100);
  file.metadata.tensors.push_back({kDialects[dialect].ordering, {100}, 26, QByteArray(400, '\0')});
  const ModelDescription model =
      description_of(published_models::write(folder_, "dialect.gguf", file.metadata, file.tensors));
  QCOMPARE(model.role, ModelRole::Drafter);
  QCOMPARE(model.target_embedding_length, 48U);
  QCOMPARE(QString::fromStdString(model.architecture), QString(kDialects[dialect].architecture));
}

void ConfigTest::refuses_incomplete_drafters_data() {
  QTest::addColumn<QByteArray>("removed");
  for (const char* name : {"token_embd.weight", "nextn.pre_projection.weight", "nextn.post_projection.weight",
                           "output_norm.weight", "blk.3.attn_q.weight", "blk.0.ffn_norm.weight"})
    QTest::newRow(name) << QByteArray(name);
  for (const char* key :
       {"gemma4-assistant.block_count", "gemma4-assistant.embedding_length", "gemma4-assistant.embedding_length_out"})
    QTest::newRow(key) << QByteArray(key);
}

void ConfigTest::refuses_incomplete_drafters() {
  QFETCH(QByteArray, removed);
  DrafterFile file = drafter_file(kTinyDrafter, kDialects[0], 100);
  file.metadata.remove(removed);
  std::erase_if(file.tensors, [&](const auto& tensor) { return tensor.name == removed; });
  const auto model = describe_model(published_models::write(folder_, "part.gguf", file.metadata, file.tensors));
  QVERIFY(!model.ok());
  const QString message = QString::fromStdString(model.error().message);
  QVERIFY2(message.startsWith("'part.gguf' can not be used: ") && message.endsWith('.'), qPrintable(message));
  const bool names_it = message.contains(removed) || removed.endsWith("length_out");
  QVERIFY2(names_it, qPrintable(message));
}

void ConfigTest::drafters_do_not_answer() {
  const DrafterFile file = drafter_file(kTinyDrafter, kDialects[0], 100);
  const auto engine = Engine::open(published_models::write(folder_, "fast.gguf", file.metadata, file.tensors), {});
  QVERIFY(!engine.ok());
  QCOMPARE(QString::fromStdString(engine.error().message),
           QString("'fast.gguf' is a drafter: it makes a Gemma 4 model answer faster and gives no answers by itself; "
                   "open the model it belongs to."));
}

QTEST_APPLESS_MAIN(ConfigTest)
#include "config_test.moc"
