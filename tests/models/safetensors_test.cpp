#include "app/models/safetensors.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "hf_folder.h"

using namespace facet;
using namespace facet::app::models;

namespace {

QByteArray with_header(const QByteArray& header, const QByteArray& data = QByteArray(64, 'x')) {
  const std::uint64_t length = static_cast<std::uint64_t>(header.size());
  return QByteArray(reinterpret_cast<const char*>(&length), sizeof(length)) + header + data;
}

const QByteArray kSound = with_header(
    R"({"__metadata__": {"format": "pt"}, "a": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]},
        "b": {"dtype": "F32", "shape": [], "data_offsets": [12, 16]},
        "c": {"dtype": "I64", "shape": [6], "data_offsets": [16, 64]}})");

}  // namespace

class SafetensorsTest : public QObject {
  Q_OBJECT

 private slots:
  void reads_what_is_there();
  void refuses_data();
  void refuses();
  void refuses_every_truncation();
  void survives_every_changed_byte();

 private:
  Result<SafetensorsFile> open(const QByteArray& bytes) {
    const QString path = folder_.filePath("case.safetensors");
    hf_folder::write_file(path, bytes);
    return open_safetensors(path.toStdString());
  }

  QTemporaryDir folder_;
};

void SafetensorsTest::reads_what_is_there() {
  const auto opened = open(kSound);
  QVERIFY(opened.ok());
  QCOMPARE(opened->tensors.size(), 3U);
  const SafeTensor& a = opened->tensors[0];
  QCOMPARE(a.name, std::string("a"));
  QVERIFY(a.format == engine::Format::BF16);
  QVERIFY(a.shape == (std::vector<std::uint64_t>{2, 3}));
  QCOMPARE(a.data.size(), 12U);
  QVERIFY(opened->tensors[1].shape.empty());
  QCOMPARE(opened->tensors[1].data.size(), 4U);
  QVERIFY(!opened->tensors[2].format);
  QCOMPARE(opened->tensors[2].type, std::string("I64"));
}

void SafetensorsTest::refuses_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::addColumn<QString>("reason");
  const auto tensor = [](const char* name, const char* reason, const QByteArray& description) {
    QTest::newRow(name) << with_header("{\"t\": " + description + "}") << QString(reason);
  };
  const std::uint64_t huge = ~0ULL;
  const QByteArray huge_bytes(reinterpret_cast<const char*>(&huge), 8);
  QTest::newRow("three bytes") << QByteArray("abc") << "ends inside its first bytes";
  QTest::newRow("header length that wraps") << huge_bytes + "{}"
                                            << "does not begin like a safetensors file";
  QTest::newRow("header longer than the file") << with_header("{}").left(8).replace(0, 2, "\xff\x7f") + "{}"
                                               << "ends inside its header";
  QTest::newRow("GGUF file") << QByteArray("GGUF\3\0\0\0\0\0\0\0", 12) + QByteArray(64, '\0')
                             << "does not begin like a safetensors file";
  QTest::newRow("no JSON") << with_header("{\"a\": ") << "not valid JSON";
  QTest::newRow("list") << with_header("[1, 2]") << "not valid JSON";
  QTest::newRow("deep nesting") << with_header(QByteArray(100000, '[')) << "not valid JSON";
  QTest::newRow("invalid UTF-8") << with_header("{\"\xff\": 1}") << "not valid JSON";
  tensor("number in place of a tensor", "not described completely", "7");
  tensor("no type", "not described completely", R"({"shape": [4], "data_offsets": [0, 16]})");
  tensor("no shape", "not described completely", R"({"dtype": "F32", "data_offsets": [0, 16]})");
  tensor("one offset", "not described completely", R"({"dtype": "F32", "shape": [4], "data_offsets": [0]})");
  tensor("negative offset", "not described completely", R"({"dtype": "F32", "shape": [4], "data_offsets": [-16, 0]})");
  tensor("fraction as offset", "not described completely",
         R"({"dtype": "F32", "shape": [4], "data_offsets": [0, 16.0]})");
  tensor("offset of more than 64 bits", "not described completely",
         R"({"dtype": "F32", "shape": [4], "data_offsets": [0, 99999999999999999999999]})");
  tensor("negative extent", "not described completely", R"({"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]})");
  tensor("unknown type", "the unknown type 'Q9'", R"({"dtype": "Q9", "shape": [4], "data_offsets": [0, 16]})");
  tensor("extents that wrap", "product is too large",
         R"({"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]})");
  tensor("bytes that wrap", "product is too large",
         R"({"dtype": "F32", "shape": [4611686018427387904], "data_offsets": [0, 0]})");
  tensor("nine dimensions", "9 dimensions",
         R"({"dtype": "F32", "shape": [1,1,1,1,1,1,1,1,1], "data_offsets": [0, 4]})");
  tensor("too few bytes", "the bytes that its shape needs",
         R"({"dtype": "F32", "shape": [4], "data_offsets": [0, 15]})");
  tensor("offsets the wrong way round", "the bytes that its shape needs",
         R"({"dtype": "F32", "shape": [4], "data_offsets": [16, 0]})");
  tensor("beyond the end", "beyond the end", R"({"dtype": "F32", "shape": [4], "data_offsets": [52, 68]})");
  tensor("far beyond the end", "beyond the end",
         R"({"dtype": "U8", "shape": [1], "data_offsets": [18446744073709551614, 18446744073709551615]})");
  QTest::newRow("terminal codes in a name") << with_header("{\"\\u001b[31mred\": 3}") << "the tensor '?[31mred'";
}

void SafetensorsTest::refuses() {
  QFETCH(QByteArray, bytes);
  QFETCH(QString, reason);
  const auto opened = open(bytes);
  QVERIFY(!opened.ok());
  const QString message = QString::fromStdString(opened.error().message);
  QVERIFY2(message.contains(reason), qPrintable(message));
  QVERIFY2(message.startsWith("'case.safetensors' can not be used: ") && message.endsWith('.'), qPrintable(message));
}

void SafetensorsTest::refuses_every_truncation() {
  for (qsizetype size = 1; size < kSound.size(); ++size)
    QVERIFY(!open(kSound.left(size)).ok());
}

void SafetensorsTest::survives_every_changed_byte() {
  for (qsizetype at = 0; at < kSound.size() - 64; ++at) {
    for (const char value : {'\0', '9', '\xff', '"'}) {
      QByteArray changed = kSound;
      changed[at] = value;
      const auto opened = open(changed);
      if (!opened.ok()) {
        QVERIFY(QString::fromStdString(opened.error().message).endsWith('.'));
        continue;
      }
      // What was accepted lies inside the file.
      volatile unsigned sum = 0;
      for (const SafeTensor& tensor : opened->tensors)
        if (!tensor.data.empty())
          sum = sum + std::to_integer<unsigned>(tensor.data.front()) + std::to_integer<unsigned>(tensor.data.back());
    }
  }
}

QTEST_APPLESS_MAIN(SafetensorsTest)
#include "safetensors_test.moc"
