#include <QTemporaryDir>
#include <QTest>
#include <cstring>
#include <limits>

#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"
#include "gguf_image.h"

using namespace facet;
using namespace facet::engine;

// Matrices that hold what is no number. They are too large to be looked at while a model is opened, so the first answer
// says it, in a sentence and without a crash.
class OddWeightsTest : public QObject {
  Q_OBJECT

 private slots:
  void are_named_when_they_are_used_data();
  void are_named_when_they_are_used();

 private:
  // A copy of a model with other bytes at the beginning of a tensor.
  std::string damaged(const QString& model, const std::string& tensor, std::size_t at, const QByteArray& bytes) {
    const QString original = QString(FACET_TEST_DATA "/models/") + model + ".gguf";
    QFile file(original);
    if (!file.open(QIODevice::ReadOnly)) qFatal("can not read %s", qPrintable(original));
    QByteArray content = file.readAll();
    const auto opened = GgufFile::open(original.toStdString());
    if (!opened.ok()) qFatal("%s", opened.error().message.c_str());
    const QByteArray head(reinterpret_cast<const char*>((*opened)->find(tensor)->data.data()), 64);
    const qsizetype begin = content.indexOf(head);
    if (begin < 0) qFatal("the tensor is not in the file");
    content.replace(begin + static_cast<qsizetype>(at), bytes.size(), bytes);
    return gguf_image::write_file(folder_, "damaged.gguf", content);
  }

  QTemporaryDir folder_;
};

void OddWeightsTest::are_named_when_they_are_used_data() {
  QTest::addColumn<QString>("model");
  QTest::addColumn<QString>("tensor");
  QTest::addColumn<int>("at");
  QTest::addColumn<QByteArray>("bytes");
  const QByteArray not_a_number = gguf_image::raw(std::numeric_limits<float>::quiet_NaN());
  const QByteArray infinite = gguf_image::raw(std::numeric_limits<float>::infinity());
  const QByteArray half_not_a_number("\x00\x7e", 2);
  const QByteArray half_infinite("\x00\x7c", 2);
  for (const char* tensor : {"blk.0.attn_q.weight", "blk.1.attn_v.weight", "blk.0.ffn_down.weight", "token_embd.weight",
                             "blk.2.proj.weight"})
    QTest::addRow("F32, %s", tensor) << "e-f32" << tensor << 0 << not_a_number;
  QTest::addRow("F32, infinite") << "e-f32"
                                 << "blk.1.ffn_up.weight" << 4 << infinite;
  // The scale of a block: of Q4_K at its beginning, of Q6_K at its end.
  QTest::addRow("Q4_K, scale") << "dense-q4_k_m"
                               << "blk.0.attn_q.weight" << 0 << half_not_a_number;
  QTest::addRow("Q4_K, infinite scale") << "dense-q4_k_m"
                                        << "blk.1.ffn_gate.weight" << 0 << half_infinite;
  QTest::addRow("Q4_K, minimum") << "dense-q4_k_m"
                                 << "blk.0.ffn_up.weight" << 2 << half_not_a_number;
  QTest::addRow("Q4_0, scale") << "e-q4_0"
                               << "blk.0.ffn_down.weight" << 0 << half_not_a_number;
  QTest::addRow("Q6_K, table") << "dense-q4_k_m"
                               << "token_embd.weight" << 208 << half_not_a_number;
}

void OddWeightsTest::are_named_when_they_are_used() {
  QFETCH(QString, model);
  QFETCH(QString, tensor);
  QFETCH(int, at);
  QFETCH(QByteArray, bytes);
  const std::string path = damaged(model, tensor.toStdString(), static_cast<std::size_t>(at), bytes);
  for (const Precision precision : {Precision::Full, Precision::Fast}) {
    const auto engine = Engine::open(path, {.threads = 1, .precision = precision});
    QVERIFY(engine.ok());
    const auto sequence = (*engine)->create_sequence();
    // The first rows of a table belong to the first tokens.
    const std::vector<Token> tokens = {2, 0, 700, 800, 900};
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto synced = sequence->sync(tokens);
      QVERIFY(!synced.ok());
      QCOMPARE(QString::fromStdString(synced.error().message),
               QString("'damaged.gguf' gave results that are not numbers, so its weights are damaged; get the file "
                       "again."));
    }
  }
}

QTEST_APPLESS_MAIN(OddWeightsTest)
#include "odd_weights_test.moc"
