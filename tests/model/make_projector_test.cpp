#include "tests/model/make_projector.h"

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "engine/encoders.h"
#include "engine/gguf/gguf_file.h"
#include "engine/media/projector.h"

using namespace facet;
using namespace facet::engine;
using namespace facet::model_maker;

// Projectors with random weights have the numbers of the published ones, and encoders make something sensible of them.
class MakeProjectorTest : public QObject {
  Q_OBJECT

 private slots:
  void parameters_are_those_of_published_models_data();
  void parameters_are_those_of_published_models();
  void encoders_take_them_data();
  void encoders_take_them();
  void limits_cut_a_little();
  void the_same_order_gives_the_same_bytes();

 private:
  static ProjectorOrder order(const char* shape, const char* type, std::uint64_t seed = 1) {
    return {find_projector_shape(shape).value(), find_file_type(type).value(), seed};
  }
  std::string make(const ProjectorOrder& order) const {
    const std::string path = folder_.filePath("projector.gguf").toStdString();
    const Status made = make_projector(order, path);
    if (!made.ok()) qFatal("%s", made.error().message.c_str());
    return path;
  }
  static double size_of(const std::vector<float>& values) {
    double squares = 0;
    for (const float value : values)
      squares += static_cast<double>(value) * static_cast<double>(value);
    return std::sqrt(squares / static_cast<double>(values.size()));
  }

  const QTemporaryDir folder_;
};

void MakeProjectorTest::parameters_are_those_of_published_models_data() {
  QTest::addColumn<QString>("shape");
  QTest::addColumn<QString>("tensors");
  QTest::addColumn<double>("millions");
  // Of the layers, of the patches and of the table of positions, as the models' description counts them.
  QTest::newRow("E2B, layers") << "mmproj-E2B"
                               << "v.blk." << 151.0;
  QTest::newRow("E2B, patches") << "mmproj-E2B"
                                << "v.patch_embd" << 0.6;
  QTest::newRow("E2B, positions") << "mmproj-E2B"
                                  << "v.position_embd" << 15.7;
  QTest::newRow("E4B, sound") << "mmproj-E4B"
                              << "a.blk." << 302.0;
  QTest::newRow("31B, layers") << "mmproj-31B"
                               << "v.blk." << 544.9;
  QTest::newRow("26B, positions") << "mmproj-26B-A4B"
                                  << "v.position_embd" << 23.6;
}

void MakeProjectorTest::parameters_are_those_of_published_models() {
  QFETCH(QString, shape);
  QFETCH(QString, tensors);
  QFETCH(double, millions);
  const ProjectorOrder wanted = order(qPrintable(shape), "f16");
  std::uint64_t elements = 0;
  for (const PlannedTensor& tensor : plan_projector(wanted.shape, wanted.type))
    if (tensor.info.name.starts_with(tensors.toStdString())) elements += tensor.elements();
  // The description rounds to a tenth of a million, and to three digits.
  QVERIFY2(std::abs(static_cast<double>(elements) / 1e6 - millions) <= std::max(0.05, millions / 500),
           qPrintable(QString::number(elements)));
}

void MakeProjectorTest::encoders_take_them_data() {
  QTest::addColumn<QString>("shape");
  QTest::addColumn<QString>("type");
  for (const char* shape : {"tiny-mmproj-E2B", "tiny-mmproj-31B"})
    for (const char* type : {"f32", "f16", "bf16", "q8_0"})
      QTest::addRow("%s, %s", shape, type) << shape << type;
}

void MakeProjectorTest::encoders_take_them() {
  QFETCH(QString, shape);
  QFETCH(QString, type);
  auto file = GgufFile::open(make(order(qPrintable(shape), qPrintable(type)))).value();
  const auto encoders = Encoders::open(std::move(file), {.threads = 2});
  QVERIFY2(encoders.ok(), encoders.ok() ? "" : encoders.error().message.c_str());
  RgbImage image{64, 48, {}};
  for (std::size_t i = 0; i < 64 * 48 * 3; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>(i * 7 % 251));
  const auto seen = (*encoders)->encode(image, 70);
  QVERIFY(seen.ok());
  QCOMPARE(seen->size(), std::size_t{63} * 256);
  // The norm in front of the last matrix makes values of size one.
  QVERIFY2(size_of(*seen) > 0.5 && size_of(*seen) < 2, qPrintable(QString::number(size_of(*seen))));
  QCOMPARE((*encoders)->hears(), shape.endsWith("E2B"));
  PcmAudio audio;
  for (int i = 0; i < 16000; ++i)
    audio.samples.push_back(static_cast<float>(std::sin(0.001 * i * i)) / 2);
  const auto heard = (*encoders)->encode(audio);
  QCOMPARE(heard.ok(), (*encoders)->hears());
  if (!heard.ok()) return;
  QCOMPARE(heard->size(), std::size_t{25} * 256);
  QVERIFY2(size_of(*heard) > 0.3 && size_of(*heard) < 3, qPrintable(QString::number(size_of(*heard))));
}

void MakeProjectorTest::limits_cut_a_little() {
  const auto file = GgufFile::open(make(order("tiny-mmproj-E2B", "f32"))).value();
  const Projector projector = read_projector(*file).value();
  const ClipRange& clip = projector.vision->layers[1].ffn_down.clip;
  QVERIFY(clip.input_min < -2 && clip.input_max > 2 && clip.output_min < -2 && clip.output_max > 2);
  QVERIFY(clip.input_max < 3 && -clip.input_min < 3 && clip.input_max != -clip.input_min);
  QCOMPARE(projector.vision->input_projection.clip, ClipRange());
  const auto large = GgufFile::open(make(order("tiny-mmproj-31B", "f32"))).value();
  QCOMPARE(read_projector(*large)->vision->layers[1].ffn_down.clip, ClipRange());
  QVERIFY(read_projector(*large)->vision->std_scale != nullptr);
}

void MakeProjectorTest::the_same_order_gives_the_same_bytes() {
  const auto bytes = [&](std::uint64_t seed) {
    QFile file(QString::fromStdString(make(order("tiny-mmproj-E2B", "q8_0", seed))));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
  };
  const QByteArray first = bytes(1);
  QVERIFY(first.size() > 10000);
  QVERIFY(bytes(1) == first);
  QVERIFY(bytes(2) != first);
}

QTEST_APPLESS_MAIN(MakeProjectorTest)
#include "make_projector_test.moc"
