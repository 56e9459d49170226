#include <QTest>
#include <cstdlib>
#include <functional>
#include <limits>
#include <new>

#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "tiny_model.h"

using namespace facet;
using namespace facet::engine;
namespace image = gguf_image;

// Bytes asked of the allocator so far, by this program alone: damaged files must cost neither time nor memory.
namespace {
std::size_t allocated_bytes = 0;
}

void* operator new(std::size_t size) {
  allocated_bytes += size;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

using Damage = std::function<void(image::Image&)>;

// A message for a person: one sentence, about this file.
void verify_sentence(const Error& error, const QString& file_name) {
  const QString message = QString::fromStdString(error.message);
  const bool fine = message.endsWith('.') && !message.contains('\n') && message.size() < 400 &&
                    (message.contains(file_name) || message.startsWith("This is a"));
  if (!fine) QFAIL(qPrintable(message));
}

// Everything that can be asked of a file that was opened.
void read_everything(const GgufFile& file, const std::vector<std::pair<QByteArray, image::Value>>& entries) {
  for (const auto& entry : entries) {
    const std::string key = entry.first.toStdString();
    (void)file.string(key);
    (void)file.integer(key);
    (void)file.number(key);
    (void)file.boolean(key);
    (void)file.strings(key);
    (void)file.integers(key);
    (void)file.numbers(key);
  }
  volatile unsigned sum = 0;
  for (const GgufTensor& tensor : file.tensors())
    sum = sum + std::to_integer<unsigned>(tensor.data.front()) + std::to_integer<unsigned>(tensor.data.back());
}

QByteArray replace_once(QByteArray bytes, const QByteArray& from, const QByteArray& to) {
  const qsizetype at = bytes.indexOf(from);
  if (at < 0) qFatal("the file does not contain what the test wants to damage");
  return bytes.replace(at, from.size(), to);
}

}  // namespace

// Files that are wrong in every way we know of, made here byte by byte. Each must be refused with a sentence that names
// what is wrong.
class HostileGgufTest : public QObject {
  Q_OBJECT

 private slots:
  void refuses_damaged_containers_data();
  void refuses_damaged_containers();
  void refuses_unusable_models_data();
  void refuses_unusable_models();
  void refuses_every_truncation();
  void survives_every_changed_byte();
  void refuses_what_is_no_file();
  void allocates_little_for_many_small_strings();
  void accepts_the_sound_model();
  void accepts_what_it_does_not_use();

 private:
  QTemporaryDir folder_;
};

void HostileGgufTest::refuses_damaged_containers_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::addColumn<QString>("reason");

  const auto damaged = [](const char* name, const char* reason, const Damage& damage) {
    image::Image content = tiny_model::build();
    damage(content);
    QTest::newRow(name) << content.bytes() << QString(reason);
  };
  const auto entry = [&](const char* name, const char* reason, const QByteArray& value) {
    damaged(name, reason, [&](image::Image& content) { content.set("damaged", {value}); });
  };
  const auto tensor = [&](const char* name, const char* reason, const image::Tensor& added) {
    damaged(name, reason, [&](image::Image& content) { content.tensors.push_back(added); });
  };
  using image::raw;

  damaged("wrong magic", "does not begin with 'GGUF'", [](image::Image& c) { c.magic = "GGML"; });
  damaged("zip file", "does not begin with 'GGUF'", [](image::Image& c) { c.magic = "PK\x03\x04"; });
  damaged("version 1", "version 1", [](image::Image& c) { c.version = 1; });
  damaged("version 4", "version 4", [](image::Image& c) { c.version = 4; });
  damaged("version 0", "big-endian", [](image::Image& c) { c.version = 0; });
  damaged("big-endian", "big-endian", [](image::Image& c) { c.version = 0x03000000; });
  damaged("huge tensor count", "tensors; at most",
          [](image::Image& c) { c.tensor_count = std::numeric_limits<std::int64_t>::max(); });
  damaged("huge entry count", "metadata entries; at most",
          [](image::Image& c) { c.entry_count = std::numeric_limits<std::int64_t>::max(); });
  damaged("more tensors than there are", "", [](image::Image& c) { c.tensor_count = 60000; });
  damaged("more entries than there are", "", [](image::Image& c) { c.entry_count = 60000; });
  damaged("empty key", "is empty", [](image::Image& c) { c.set("", image::u32(1)); });
  damaged("long key", "255", [](image::Image& c) { c.set(QByteArray(300, 'k'), image::u32(1)); });
  damaged("key twice", "'general.name' occurs twice",
          [](image::Image& c) { c.entries.emplace_back("general.name", image::u32(1)); });
  damaged("tensor twice", "'output_norm.weight' occurs twice",
          [](image::Image& c) { c.tensors.push_back(c.tensor("output_norm.weight")); });

  entry("unknown value type", "unknown value type 13", raw<std::uint32_t>(13) + raw<std::uint64_t>(0));
  entry("negative value type", "unknown value type", raw<std::int32_t>(-1) + raw<std::uint64_t>(0));
  entry("string longer than the file", "more than the file has left",
        raw<std::uint32_t>(image::String) + raw<std::uint64_t>(1ULL << 40U));
  entry("string length that wraps", "more than the file has left",
        raw<std::uint32_t>(image::String) + raw<std::uint64_t>(~0ULL));
  entry("array longer than the file", "the file ends inside the metadata entry 'damaged'",
        raw<std::uint32_t>(image::Array) + raw<std::uint32_t>(image::U64) + raw<std::uint64_t>(1U << 24U));
  entry("array of 2^61 eight-byte values", "at most 16777216",
        raw<std::uint32_t>(image::Array) + raw<std::uint32_t>(image::U64) + raw<std::uint64_t>(1ULL << 61U));
  entry("array of strings longer than the file", "",
        raw<std::uint32_t>(image::Array) + raw<std::uint32_t>(image::String) + raw<std::uint64_t>(1U << 24U));
  entry("array with a lying string", "more than the file has left",
        raw<std::uint32_t>(image::Array) + raw<std::uint32_t>(image::String) + raw<std::uint64_t>(1) +
            raw<std::uint64_t>(1ULL << 50U));
  entry("array of arrays", "array of arrays",
        raw<std::uint32_t>(image::Array) + raw<std::uint32_t>(image::Array) + raw<std::uint64_t>(1) +
            raw<std::uint32_t>(image::U8) + raw<std::uint64_t>(0));
  entry("array of an unknown type", "unknown value type 99",
        raw<std::uint32_t>(image::Array) + raw<std::uint32_t>(99) + raw<std::uint64_t>(4));

  for (const std::uint32_t value : {0U, 3U, 48U, 0x80000000U})
    damaged(qPrintable(QString("alignment %1").arg(value)), "'general.alignment'",
            [value](image::Image& c) { c.set("general.alignment", image::u32(value)); });
  damaged("alignment as text", "'general.alignment'",
          [](image::Image& c) { c.set("general.alignment", image::string("32")); });
  damaged("alignment as a fraction", "'general.alignment'",
          [](image::Image& c) { c.set("general.alignment", image::f32(32.0F)); });
  damaged("alignment as a list", "'general.alignment'", [](image::Image& c) {
    c.set("general.alignment", image::array<std::uint32_t>(image::U32, {32, 32}));
  });

  tensor("no dimensions", "0 dimensions", {"odd", {}, 0, {}});
  tensor("five dimensions", "5 dimensions", {"odd", {1, 1, 1, 1, 1}, 0, QByteArray(4, '\0')});
  tensor("dimension 0", "size 0", {"odd", {4, 0}, 0, {}});
  tensor("dimensions whose product wraps to 0", "product is too large", {"odd", {1ULL << 32U, 1ULL << 32U}, 0, {}});
  tensor("dimensions whose product is negative", "product is too large", {"odd", {1ULL << 62U, 2}, 0, {}});
  tensor("dimension of 2^64 - 1", "product is too large", {"odd", {~0ULL}, 0, {}});
  tensor("bytes that wrap", "product is too large", {"odd", {1ULL << 62U, 1}, 28, {}});
  tensor("row not divided by blocks", "do not divide", {"odd", {33}, 8, QByteArray(68, '\0')});
  tensor("removed type", "tensor type 4", {"odd", {32}, 4, QByteArray(64, '\0')});
  tensor("unknown type", "tensor type 1000", {"odd", {32}, 1000, QByteArray(64, '\0')});
  tensor("long name", "255", {QByteArray(1000, 'n'), {1}, 0, QByteArray(4, '\0')});
  tensor("offset beyond the file", "beyond the end", {"odd", {1}, 0, QByteArray(4, '\0'), 1LL << 40U});
  tensor("offset that wraps with the size", "beyond the end",
         {"odd", {64}, 0, QByteArray(4, '\0'), std::numeric_limits<std::int64_t>::max() - 31});
  tensor("offset inside another tensor", "'odd' shares bytes with", {"odd", {1}, 0, QByteArray(4, '\0'), 0});
  tensor("offset not aligned", "not a multiple of 32", {"odd", {1}, 0, QByteArray(4, '\0'), 4});
  tensor("size beyond the file", "beyond the end", {"odd", {1ULL << 40U}, 0, QByteArray(4, '\0')});
  tensor("one element too many", "beyond the end", {"odd", {9}, 0, QByteArray(32, '\0')});

  damaged("part of a split model", "parts of a split model",
          [](image::Image& c) { c.set("split.count", image::scalar<std::uint16_t>(image::U16, 3)); });

  const QByteArray sound = tiny_model::build().bytes();
  QTest::newRow("tensor name length that wraps")
      << replace_once(sound, image::text("output_norm.weight"), raw<std::uint64_t>(~0ULL) + "output_norm.weight")
      << "more than the file has left";
  QTest::newRow("key length that wraps") << replace_once(sound, image::text("general.name"),
                                                         raw<std::uint64_t>(~0ULL - 7) + "general.name")
                                         << "more than the file has left";
  QTest::newRow("one byte") << QByteArray("G") << "ends inside its first bytes";
  QTest::newRow("magic alone") << QByteArray("GGUF") << "ends inside its first bytes";
  QTest::newRow("terminal codes in a name") << [] {
    image::Image c = tiny_model::build();
    c.tensors.push_back({"\x1b[31mred\n", {0}, 0, {}});
    return c.bytes();
  }() << "'?[31mred?'";
}

void HostileGgufTest::refuses_damaged_containers() {
  QFETCH(QByteArray, bytes);
  QFETCH(QString, reason);
  const std::string path = image::write_file(folder_, "damaged.gguf", bytes);
  const std::size_t before = allocated_bytes;
  const auto file = GgufFile::open(path);
  QVERIFY(allocated_bytes - before < 2 * static_cast<std::size_t>(bytes.size()) + (16U << 20U));
  QVERIFY(!file.ok());
  verify_sentence(file.error(), "damaged.gguf");
  const QString message = QString::fromStdString(file.error().message);
  QVERIFY2(message.contains(reason), qPrintable(message));
}

void HostileGgufTest::refuses_unusable_models_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::addColumn<QString>("reason");

  const auto damaged = [](const char* name, const char* reason, const Damage& damage) {
    image::Image content = tiny_model::build();
    damage(content);
    QTest::newRow(name) << content.bytes() << QString(reason);
  };
  const auto entry = [&](const char* name, const char* key, const image::Value& value) {
    damaged(name, key, [&](image::Image& c) { c.set(QByteArray("gemma4.") + key, value); });
  };
  using image::array;
  using image::f32;
  using image::u32;

  damaged("another architecture", "This is a llama model; Facet runs Gemma 4 only.",
          [](image::Image& c) { c.set("general.architecture", image::string("llama")); });
  damaged("an architecture with terminal codes", "This is a ?[31mred? model;",
          [](image::Image& c) { c.set("general.architecture", image::string("\x1b[31mred\n")); });
  damaged("no architecture", "'general.architecture' is missing",
          [](image::Image& c) { c.remove("general.architecture"); });
  damaged("architecture as a number", "'general.architecture'",
          [](image::Image& c) { c.set("general.architecture", u32(4)); });

  for (const char* key : {"block_count", "context_length", "embedding_length", "feed_forward_length",
                          "attention.head_count", "attention.head_count_kv", "attention.key_length",
                          "attention.sliding_window", "attention.sliding_window_pattern"})
    damaged(qPrintable(QString("without %1").arg(key)), key,
            [key](image::Image& c) { c.remove(QByteArray("gemma4.") + key); });

  entry("10^9 layers", "block_count", u32(1000000000));
  entry("no layers", "block_count", u32(0));
  entry("negative layers", "block_count", image::scalar<std::int32_t>(image::I32, -4));
  entry("layers as text", "block_count", image::string("4"));
  entry("no context", "context_length", u32(0));
  entry("endless context", "context_length", u32(0xffffffffU));
  entry("no width", "embedding_length", u32(0));
  entry("huge width", "embedding_length", u32(1U << 31U));
  entry("no heads", "attention.head_count", u32(0));
  entry("no key heads", "attention.head_count_kv", u32(0));
  entry("key heads that do not divide", "attention.head_count_kv", u32(3));
  entry("too few head counts", "attention.head_count_kv", array<std::int32_t>(image::I32, {1, 1}));
  entry("too many head counts", "attention.head_count_kv", array<std::int32_t>(image::I32, {1, 1, 1, 1, 1}));
  entry("a head count of zero", "attention.head_count_kv", array<std::int32_t>(image::I32, {1, 1, 0, 1}));
  entry("no head counts", "attention.head_count_kv", array<std::int32_t>(image::I32, {}));
  entry("head counts as fractions", "attention.head_count_kv", array<float>(image::F32, {1.5F, 1, 1, 1}));
  entry("odd head size", "attention.key_length", u32(15));
  entry("huge head size", "attention.key_length", u32(1U << 20U));
  entry("values of another size", "attention.value_length", u32(8));
  entry("partly rotated heads", "rope.dimension_count", u32(8));
  entry("no window", "attention.sliding_window", u32(0));
  entry("pattern of other numbers", "attention.sliding_window_pattern", array<std::int32_t>(image::I32, {0, 1, 2, 0}));
  entry("short pattern", "attention.sliding_window_pattern", array<std::uint8_t>(image::Bool, {1, 0}));
  entry("all layers share", "attention.shared_kv_layers", u32(4));
  entry("shared layer without a source", "attention.shared_kv_layers", u32(3));
  entry("no hidden width", "feed_forward_length", u32(0));
  entry("eps of zero", "attention.layer_norm_rms_epsilon", f32(0));
  entry("eps that is no number", "attention.layer_norm_rms_epsilon", f32(std::numeric_limits<float>::quiet_NaN()));
  entry("rope base that is no number", "rope.freq_base", f32(std::numeric_limits<float>::infinity()));
  entry("negative rope base", "rope.freq_base_swa", f32(-1));
  entry("negative soft cap", "final_logit_softcapping", f32(-30));
  entry("tiny soft cap", "final_logit_softcapping", f32(1e-30F));
  entry("huge per-layer width", "embedding_length_per_layer_input", u32(1U << 30U));

  const auto moe = [](const char* name, const char* reason, const Damage& damage) {
    tiny_model::Shape shape;
    shape.experts = 4;
    image::Image content = tiny_model::build(shape);
    damage(content);
    QTest::newRow(name) << content.bytes() << QString(reason);
  };
  moe("no experts used", "expert_used_count", [](image::Image& c) { c.set("gemma4.expert_used_count", u32(0)); });
  moe("more experts used than there are", "expert_used_count",
      [](image::Image& c) { c.set("gemma4.expert_used_count", u32(5)); });
  moe("more experts than tensors hold", "ffn_gate_inp.weight",
      [](image::Image& c) { c.set("gemma4.expert_count", u32(8)); });
  moe("no router", "ffn_gate_inp.weight", [](image::Image& c) { c.remove_tensor("blk.1.ffn_gate_inp.weight"); });
  moe("no experts", "ffn_gate_exps.weight", [](image::Image& c) { c.remove_tensor("blk.1.ffn_gate_up_exps.weight"); });

  for (const char* name :
       {"token_embd.weight", "output_norm.weight", "per_layer_token_embd.weight", "per_layer_model_proj.weight",
        "blk.0.attn_norm.weight", "blk.1.attn_q.weight", "blk.0.attn_k.weight", "blk.1.attn_k_norm.weight",
        "blk.0.attn_v.weight", "blk.3.ffn_down.weight", "blk.2.post_ffw_norm.weight", "blk.3.inp_gate.weight"})
    damaged(qPrintable(QString("without %1").arg(name)), name, [name](image::Image& c) { c.remove_tensor(name); });

  damaged("wrong width of a matrix", "'blk.0.attn_q.weight' is 16 x 32", [](image::Image& c) {
    c.tensor("blk.0.attn_q.weight").shape = {16, 32};
  });
  damaged("matrix with a third dimension", "blk.0.ffn_up.weight", [](image::Image& c) {
    c.tensor("blk.0.ffn_up.weight").shape = {32, 12, 4};
  });
  damaged("norm of another length", "output_norm.weight",
          [](image::Image& c) { c.tensor("output_norm.weight").shape = {16}; });
  damaged("table of another vocabulary", "per_layer_token_embd.weight", [](image::Image& c) {
    c.tensor("per_layer_token_embd.weight").shape = {32, 20};
  });
  damaged("format that can not be computed with", "I32",
          [](image::Image& c) { c.tensor("blk.0.ffn_up.weight").type = 26; });
  damaged("rope factor of zero", "rope_freqs.weight",
          [](image::Image& c) { c.tensor("rope_freqs.weight").data = QByteArray(32, '\0'); });
  damaged("norm that is no number", "'blk.3.ffn_norm.weight' holds a value that is not a number", [](image::Image& c) {
    c.tensor("blk.3.ffn_norm.weight").data.replace(64, 4, image::raw(std::numeric_limits<float>::quiet_NaN()));
  });
  damaged("infinite norm", "'output_norm.weight' holds a value that is not a number", [](image::Image& c) {
    c.tensor("output_norm.weight").data.replace(0, 4, image::raw(std::numeric_limits<float>::infinity()));
  });
  damaged("layer scale that is no number", "layer_output_scale", [](image::Image& c) {
    c.tensor("blk.2.layer_output_scale.weight").data = image::raw(std::numeric_limits<float>::quiet_NaN());
  });
}

void HostileGgufTest::refuses_unusable_models() {
  QFETCH(QByteArray, bytes);
  QFETCH(QString, reason);
  const std::string path = image::write_file(folder_, "unusable.gguf", bytes);
  const std::size_t before = allocated_bytes;
  const auto model = describe_model(path);
  const auto engine = Engine::open(path, {});
  QVERIFY(allocated_bytes - before < 4 * static_cast<std::size_t>(bytes.size()) + (16U << 20U));
  QVERIFY(!model.ok());
  QVERIFY(!engine.ok());
  QCOMPARE(engine.error().message, model.error().message);
  verify_sentence(model.error(), "unusable.gguf");
  const QString message = QString::fromStdString(model.error().message);
  QVERIFY2(message.contains(reason), qPrintable(message));
}

void HostileGgufTest::refuses_every_truncation() {
  const QByteArray sound = tiny_model::build().bytes();
  const std::string path = image::write_file(folder_, "truncated.gguf", sound);
  QFile file(QString::fromStdString(path));
  for (qsizetype size = sound.size() - 1; size > 0; size -= size > 16384 ? 509 : 1) {
    QVERIFY(file.resize(size));
    const auto result = GgufFile::open(path);
    // The last tensor is followed by padding that nobody reads.
    if (result.ok()) QVERIFY(sound.size() - size < 32);
    if (!result.ok()) verify_sentence(result.error(), "truncated.gguf");
  }
}

void HostileGgufTest::survives_every_changed_byte() {
  const image::Image content = tiny_model::build();
  const QByteArray sound = content.bytes();
  const qsizetype header = sound.lastIndexOf("post_norm.weight") + 64;
  const std::string path = image::write_file(folder_, "changed.gguf", sound);
  QFile file(QString::fromStdString(path));
  QVERIFY(file.open(QIODevice::ReadWrite | QIODevice::Unbuffered));
  const auto put = [&](qsizetype at, char value) { return file.seek(at) && file.putChar(value); };
  for (qsizetype at = 0; at < header; ++at) {
    for (const char value : {'\0', '\xff'}) {
      QVERIFY(put(at, value));
      const auto result = GgufFile::open(path);
      if (result.ok()) read_everything(**result, content.entries);
      const auto model = describe_model(path);
      if (!model.ok()) verify_sentence(model.error(), "changed.gguf");
    }
    QVERIFY(put(at, sound[at]));
  }
  QVERIFY(describe_model(path).ok());
}

void HostileGgufTest::refuses_what_is_no_file() {
  const auto missing = describe_model(folder_.filePath("missing.gguf").toStdString());
  QVERIFY(!missing.ok());
  QCOMPARE(missing.error().code, Error::Code::NotFound);
  verify_sentence(missing.error(), "missing.gguf");
  const auto folder = describe_model(folder_.path().toStdString());
  QVERIFY(!folder.ok());
  verify_sentence(folder.error(), folder_.path());
  const auto empty = describe_model(image::write_file(folder_, "empty.gguf", {}));
  QVERIFY(!empty.ok());
  verify_sentence(empty.error(), "empty.gguf");
  QVERIFY(!describe_model("/dev/null").ok());
}

void HostileGgufTest::allocates_little_for_many_small_strings() {
  image::Image content;
  content.set("texts", image::strings(std::vector<QByteArray>(500000)));
  content.set("bytes", image::array(image::U8, std::vector<std::uint8_t>(8000000)));
  const QByteArray bytes = content.bytes();
  const std::string path = image::write_file(folder_, "many.gguf", bytes);
  const std::size_t before = allocated_bytes;
  const auto file = GgufFile::open(path);
  QVERIFY(file.ok());
  QCOMPARE((*file)->strings("texts")->size(), 500000U);
  QVERIFY(!(*file)->integers("bytes"));
  QVERIFY(allocated_bytes - before < 2 * static_cast<std::size_t>(bytes.size()) + (16U << 20U));
}

void HostileGgufTest::accepts_the_sound_model() {
  const std::string path = image::write_file(folder_, "sound.gguf", tiny_model::build().bytes());
  const auto model = describe_model(path);
  QVERIFY2(model.ok(), model.ok() ? "" : model.error().message.c_str());
  QCOMPARE(model->name, std::string("Tiny"));
  QCOMPARE(model->layers, 4U);
  QCOMPARE(model->embedding_length, 32U);
  QCOMPARE(model->vocabulary_size, 40U);
  QCOMPARE(model->trained_context_length, 64U);
  QCOMPARE(model->template_variant, TemplateVariant::Small);
}

// Unused keys and values of shared layers, tensors of a projector, and scalars where lists may stand.
void HostileGgufTest::accepts_what_it_does_not_use() {
  image::Image content = tiny_model::build();
  content.tensors.push_back({"v.patch_embd.weight", {3}, 26, QByteArray(12, '\0')});
  content.tensors.push_back({"blk.3.attn_k.weight", {7}, 0, QByteArray(28, '\0')});
  content.set("gemma4.attention.head_count_kv", image::array<std::int32_t>(image::I32, {1, 1, 1, 1}));
  content.set("gemma4.feed_forward_length", image::array<std::int64_t>(image::I64, {48, 48, 48, 48}));
  content.remove("gemma4.attention.layer_norm_rms_epsilon");
  content.remove("gemma4.final_logit_softcapping");
  content.remove("gemma4.rope.freq_base_swa");
  content.remove_tensor("blk.1.attn_v.weight");
  content.remove_tensor("blk.2.layer_output_scale.weight");
  content.remove_tensor("rope_freqs.weight");
  const auto model = describe_model(image::write_file(folder_, "more.gguf", content.bytes()));
  QVERIFY2(model.ok(), model.ok() ? "" : model.error().message.c_str());
}

QTEST_APPLESS_MAIN(HostileGgufTest)
#include "hostile_gguf_test.moc"
