#include "engine/gguf/gguf_file.h"

#include <QTest>
#include <limits>

#include "gguf_image.h"

using namespace facet;
using namespace facet::engine;
namespace image = gguf_image;

namespace {

QByteArray as_bytes(const GgufTensor* tensor) {
  return {reinterpret_cast<const char*>(tensor->data.data()), static_cast<qsizetype>(tensor->data.size())};
}

}  // namespace

// Sound files: every kind of value and the placement of tensors, against what the test itself wrote.
class GgufFileTest : public QObject {
  Q_OBJECT

 private slots:
  void reads_scalars_of_every_type();
  void converts_between_number_types();
  void reads_arrays();
  void reads_strings_of_any_bytes();
  void finds_tensors();
  void honours_alignment();
  void accepts_version_2();
  void keeps_tensors_of_formats_without_decoder();
  void reads_a_file_without_tensors();
  void reads_the_reference_models_data();
  void reads_the_reference_models();

 private:
  std::unique_ptr<GgufFile> open(const image::Image& content) {
    const std::string path = image::write_file(folder_, QString("case-%1.gguf").arg(++cases_), content.bytes());
    auto file = GgufFile::open(path);
    if (!file.ok()) qFatal("%s", file.error().message.c_str());
    return std::move(file).value();
  }

  QTemporaryDir folder_;
  int cases_ = 0;
};

void GgufFileTest::reads_scalars_of_every_type() {
  image::Image content;
  content.set("u8", image::scalar<std::uint8_t>(image::U8, 200));
  content.set("i8", image::scalar<std::int8_t>(image::I8, -100));
  content.set("u16", image::scalar<std::uint16_t>(image::U16, 60000));
  content.set("i16", image::scalar<std::int16_t>(image::I16, -30000));
  content.set("u32", image::scalar<std::uint32_t>(image::U32, 4000000000U));
  content.set("i32", image::scalar<std::int32_t>(image::I32, -2000000000));
  content.set("u64", image::scalar<std::uint64_t>(image::U64, 1ULL << 60U));
  content.set("i64", image::scalar<std::int64_t>(image::I64, std::numeric_limits<std::int64_t>::min()));
  content.set("f32", image::f32(0.25F));
  content.set("f64", image::scalar<double>(image::F64, 1e300));
  content.set("yes", image::scalar<std::uint8_t>(image::Bool, 1));
  content.set("no", image::scalar<std::uint8_t>(image::Bool, 0));
  content.set("text", image::string("hello"));
  const auto file = open(content);
  QCOMPARE(file->integer("u8"), std::optional<std::int64_t>(200));
  QCOMPARE(file->integer("i8"), std::optional<std::int64_t>(-100));
  QCOMPARE(file->integer("u16"), std::optional<std::int64_t>(60000));
  QCOMPARE(file->integer("i16"), std::optional<std::int64_t>(-30000));
  QCOMPARE(file->integer("u32"), std::optional<std::int64_t>(4000000000LL));
  QCOMPARE(file->integer("i32"), std::optional<std::int64_t>(-2000000000));
  QCOMPARE(file->integer("u64"), std::optional<std::int64_t>(1LL << 60U));
  QCOMPARE(file->integer("i64"), std::optional<std::int64_t>(std::numeric_limits<std::int64_t>::min()));
  QCOMPARE(file->number("f32"), std::optional<double>(0.25));
  QCOMPARE(file->number("f64"), std::optional<double>(1e300));
  QCOMPARE(file->boolean("yes"), std::optional<bool>(true));
  QCOMPARE(file->boolean("no"), std::optional<bool>(false));
  QVERIFY(file->string("text") == "hello");
  QVERIFY(file->has("u8"));
  QVERIFY(!file->has("u9"));
}

void GgufFileTest::converts_between_number_types() {
  image::Image content;
  content.set("whole", image::f32(7.0F));
  content.set("fraction", image::f32(7.5F));
  content.set("not-a-number", image::f32(std::numeric_limits<float>::quiet_NaN()));
  content.set("too-large", image::scalar<std::uint64_t>(image::U64, 1ULL << 63U));
  content.set("one", image::u32(1));
  content.set("two", image::u32(2));
  content.set("true", image::scalar<std::uint8_t>(image::Bool, 1));
  content.set("text", image::string("5"));
  const auto file = open(content);
  QCOMPARE(file->integer("whole"), std::optional<std::int64_t>(7));
  QVERIFY(!file->integer("fraction"));
  QVERIFY(!file->integer("not-a-number"));
  QVERIFY(!file->integer("too-large"));
  QVERIFY(!file->integer("text"));
  QVERIFY(!file->integer("absent"));
  QCOMPARE(file->integer("true"), std::optional<std::int64_t>(1));
  QCOMPARE(file->number("two"), std::optional<double>(2));
  QVERIFY(!file->number("text"));
  QCOMPARE(file->boolean("one"), std::optional<bool>(true));
  QVERIFY(!file->boolean("two"));
  QVERIFY(!file->string("one"));
}

void GgufFileTest::reads_arrays() {
  image::Image content;
  content.set("bools", image::array<std::uint8_t>(image::Bool, {1, 0, 1}));
  content.set("ints", image::array<std::int32_t>(image::I32, {3, -4, 5}));
  content.set("floats", image::array<float>(image::F32, {0.5F, 2.0F}));
  content.set("texts", image::strings({"a", "", "longer text"}));
  content.set("empty", image::array<std::int32_t>(image::I32, {}));
  content.set("single", image::array<std::int32_t>(image::I32, {9}));
  content.set("scalar", image::u32(6));
  content.set("word", image::string("w"));
  const auto file = open(content);
  QVERIFY(file->integers("bools") == (std::vector<std::int64_t>{1, 0, 1}));
  QVERIFY(file->integers("ints") == (std::vector<std::int64_t>{3, -4, 5}));
  QVERIFY(!file->integers("floats"));
  QVERIFY(file->numbers("floats") == (std::vector<double>{0.5, 2.0}));
  QVERIFY(file->numbers("ints") == (std::vector<double>{3, -4, 5}));
  QVERIFY(file->strings("texts") == (std::vector<std::string_view>{"a", "", "longer text"}));
  QVERIFY(file->integers("empty") == std::vector<std::int64_t>{});
  QVERIFY(file->integers("scalar") == std::vector<std::int64_t>{6});
  QVERIFY(file->strings("word") == std::vector<std::string_view>{"w"});
  QCOMPARE(file->integer("single"), std::optional<std::int64_t>(9));
  QVERIFY(!file->integer("ints"));
  QVERIFY(!file->integers("texts"));
  QVERIFY(!file->strings("ints"));
}

void GgufFileTest::reads_strings_of_any_bytes() {
  image::Image content;
  const QByteArray odd("\0\xff\n\"text", 8);
  content.set("odd", image::string(odd));
  content.set("list", image::strings({odd, odd}));
  const auto file = open(content);
  const std::string_view expected(odd.constData(), static_cast<std::size_t>(odd.size()));
  QVERIFY(file->string("odd") == expected);
  QVERIFY(file->strings("list") == (std::vector<std::string_view>{expected, expected}));
}

void GgufFileTest::finds_tensors() {
  image::Image content;
  content.tensors = {
      {"z.weight", {3}, 0, QByteArray(12, 'z')},
      {"a.weight", {32, 2}, 8, QByteArray(68, 'a')},
      {"m.weight", {256, 2, 3}, 14, QByteArray(1260, 'm')},
  };
  const auto file = open(content);
  QCOMPARE(file->tensors().size(), 3U);
  const GgufTensor* q8 = file->find("a.weight");
  QVERIFY(q8 != nullptr);
  QCOMPARE(q8->format, Format::Q8_0);
  QVERIFY(q8->shape == (std::array<std::uint64_t, 4>{32, 2, 1, 1}));
  QVERIFY(as_bytes(q8) == QByteArray(68, 'a'));
  const GgufTensor* q6 = file->find("m.weight");
  QVERIFY(q6 != nullptr);
  QVERIFY(q6->shape == (std::array<std::uint64_t, 4>{256, 2, 3, 1}));
  QVERIFY(as_bytes(q6) == QByteArray(1260, 'm'));
  QVERIFY(as_bytes(file->find("z.weight")) == QByteArray(12, 'z'));
  QVERIFY(file->find("absent") == nullptr);
}

void GgufFileTest::honours_alignment() {
  image::Image content;
  content.alignment = 256;
  content.set("general.alignment", image::u32(256));
  content.tensors = {{"one", {1}, 0, QByteArray(4, '1')}, {"two", {1}, 0, QByteArray(4, '2')}};
  const auto file = open(content);
  QVERIFY(as_bytes(file->find("two")) == QByteArray(4, '2'));
  QCOMPARE(file->find("two")->data.data() - file->find("one")->data.data(), std::ptrdiff_t{256});
}

void GgufFileTest::accepts_version_2() {
  image::Image content;
  content.version = 2;
  content.set("key", image::u32(5));
  QCOMPARE(open(content)->integer("key"), std::optional<std::int64_t>(5));
}

void GgufFileTest::keeps_tensors_of_formats_without_decoder() {
  image::Image content;
  content.tensors = {{"order", {2}, 26, QByteArray(8, 'i')}};
  const auto file = open(content);
  QCOMPARE(file->find("order")->format, Format::I32);
  QVERIFY(format_info(Format::I32).decode == nullptr);
}

void GgufFileTest::reads_a_file_without_tensors() {
  image::Image content;
  content.set("key", image::u32(5));
  QCOMPARE(open(content)->tensors().size(), 0U);
}

void GgufFileTest::reads_the_reference_models_data() {
  QTest::addColumn<QString>("name");
  QTest::addColumn<int>("tensors");
  QTest::newRow("dense") << "dense-f32" << 86;
  QTest::newRow("e") << "e-f32" << 130;
  QTest::newRow("moe") << "moe-f32" << 68;
}

void GgufFileTest::reads_the_reference_models() {
  QFETCH(QString, name);
  QFETCH(int, tensors);
  const auto file = GgufFile::open((QString(FACET_TEST_DATA "/models/") + name + ".gguf").toStdString());
  QVERIFY(file.ok());
  QCOMPARE((*file)->tensors().size(), static_cast<std::size_t>(tensors));
  QVERIFY((*file)->string("general.architecture") == "gemma4");
  QCOMPARE((*file)->strings("tokenizer.ggml.tokens")->size(), 1217U);
}

QTEST_APPLESS_MAIN(GgufFileTest)
#include "gguf_file_test.moc"
