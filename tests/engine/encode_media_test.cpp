#include <QTemporaryDir>
#include <QTest>

#include "engine/cpu/cpu_backend.h"
#include "engine/media/media_cache.h"
#include "engine/media/opened_projector.h"
#include "engine/model/config.h"
#include "media_agreement.h"
#include "tiny_model.h"
#include "tiny_projector.h"

using namespace facet;
using namespace facet::engine;

namespace {

const QString kModel = FACET_TEST_DATA "/models/e-f32.gguf";
const QString kProjector = FACET_TEST_DATA "/models/mmproj-e-bf16.gguf";

RgbImage picture() {
  return media_vectors::gradient(100, 60, 7);
}

PcmAudio sound(std::size_t samples) {
  PcmAudio audio;
  for (std::size_t i = 0; i < samples; ++i)
    audio.samples.push_back(static_cast<float>(i % 50) / 100);
  return audio;
}

QString message(const Error& error) {
  return QString::fromStdString(error.message);
}

std::shared_ptr<const MediaEmbedding> embedding(const std::string& hash, std::size_t values) {
  return std::make_shared<const MediaEmbedding>(
      MediaEmbedding{MediaEmbedding::Kind::Sound, hash, 1, std::vector<float>(values)});
}

}  // namespace

// A model with its projector: where that is found, what it makes of pictures and sounds, and what is kept of them.
class EncodeMediaTest : public QObject {
  Q_OBJECT

 private slots:
  void logits_agree_data() { media_agreement::add_rows(); }
  void logits_agree();
  void the_projector_beside_the_model_is_found();
  void a_projector_inside_the_model_is_used();
  void what_does_not_fit_is_refused();
  void a_damaged_projector_leaves_the_text();
  void weights_that_are_no_numbers_are_reported();
  void what_was_encoded_is_found_again();
  void the_cache_is_bounded();
  void what_can_not_be_encoded_is_refused();
  void a_stop_is_obeyed();
  void memory_is_planned();

 private:
  static std::unique_ptr<Engine> open(const QString& model, EngineOptions options = {}) {
    return reference_conversations::open(model, options);
  }
};

void EncodeMediaTest::logits_agree() {
  QFETCH(int, number);
  media_agreement::agrees(number, {});
}

void EncodeMediaTest::the_projector_beside_the_model_is_found() {
  QTemporaryDir folder;
  const QString model = folder.filePath("Gem-e2b-Q4.gguf");
  QVERIFY(QFile::copy(kModel, model));
  const auto alone = open(model, {.projector = "auto"});
  QVERIFY(!alone->description().sees && !alone->description().hears);
  QVERIFY(alone->description().projector.empty());
  QVERIFY(QFile::copy(kProjector, folder.filePath("mmproj-gem-e2b.gguf")));
  // Files with a less similar name, for another width, and with no projector in them.
  QVERIFY(QFile::copy(FACET_TEST_DATA "/models/mmproj-unified-f16.gguf", folder.filePath("mmproj-a.gguf")));
  gguf_image::write_file(folder, "mmproj-gem-e2b-Q4.gguf", tiny_projector::build().bytes());
  gguf_image::write_file(folder, "mmproj-gem-e2b-Q.gguf", "nothing");
  const auto engine = open(model, {.projector = "auto"});
  QVERIFY(engine->description().sees && engine->description().hears);
  QCOMPARE(QString::fromStdString(engine->description().projector.filename().string()), QString("mmproj-gem-e2b.gguf"));
  const auto beside = projectors_beside(model.toStdString(), 64);
  QCOMPARE(beside.size(), std::size_t{2});
  // Nobody asked: text alone.
  const auto text = open(model);
  QVERIFY(!text->description().sees && !text->encode(picture(), 70).ok());
}

// In the words of ollama, and with the rows of the same projector in a file of its own.
void EncodeMediaTest::a_projector_inside_the_model_is_used() {
  QTemporaryDir folder;
  // With positions for a picture of the smallest budget. ollama's files have limits for one matrix more.
  const tiny_projector::Shape shape{.positions = 40, .clips = false};
  const auto inside =
      gguf_image::write_file(folder, "inside.gguf", tiny_projector::build_inside(tiny_model::build(), shape).bytes());
  const auto alone = gguf_image::write_file(folder, "eyes.gguf", tiny_projector::build(shape).bytes());
  const auto file = GgufFile::open(inside).value();
  const auto opened = open_projector(*file, read_config(*file).value(), "auto");
  QVERIFY2(opened.ok(), opened.ok() ? "" : opened.error().message.c_str());
  QVERIFY(opened->own_file == nullptr && opened->get() != nullptr && opened->remark.empty());
  reference_projectors::Loaded first(std::make_shared<CpuBackend>(1), QString::fromStdString(inside));
  reference_projectors::Loaded second(std::make_shared<CpuBackend>(1), QString::fromStdString(alone));
  const std::vector<float> seen = first.see(picture(), 70, {});
  QCOMPARE(seen.size(), std::size_t{60} * 32);
  QCOMPARE(seen, second.see(picture(), 70, {}));
  const LogMel mel = log_mel(sound(16000).samples);
  QCOMPARE(first.hear(mel, kSoundDistances, {}), second.hear(mel, kSoundDistances, {}));
}

void EncodeMediaTest::what_does_not_fit_is_refused() {
  const auto refusal = [](const std::string& projector) {
    const auto opened = Engine::open(kModel.toStdString(), {.projector = projector});
    return opened.ok() ? QString("opened") : message(opened.error());
  };
  QVERIFY(refusal(kModel.toStdString()).contains("is no projector"));
  QTemporaryDir folder;
  QVERIFY(refusal(gguf_image::write_file(folder, "other.gguf", tiny_projector::build().bytes())).contains("width 32"));
  QVERIFY(!refusal(folder.filePath("none.gguf").toStdString()).contains("opened"));
}

void EncodeMediaTest::a_damaged_projector_leaves_the_text() {
  QTemporaryDir folder;
  auto content = tiny_projector::build({.text_width = 64});
  content.remove_tensor("v.blk.1.ffn_up.weight");
  const QString model = folder.filePath("text.gguf");
  QVERIFY(QFile::copy(kModel, model));
  gguf_image::write_file(folder, "mmproj.gguf", content.bytes());
  const auto engine = open(model, {.projector = "auto"});
  QVERIFY(!engine->description().sees);
  QVERIFY(QString::fromStdString(engine->description().media_remark).contains("v.blk.1.ffn_up.weight"));
  const auto encoded = engine->encode(picture(), 70);
  QVERIFY(!encoded.ok() && message(encoded.error()).contains("v.blk.1.ffn_up.weight"));
}

void EncodeMediaTest::weights_that_are_no_numbers_are_reported() {
  QTemporaryDir folder;
  auto content = tiny_projector::build({.text_width = 64, .positions = 40});
  QByteArray& data = content.tensor("mm.input_projection.weight").data;
  data.replace(40, 4, gguf_image::raw(std::nanf("")));
  const auto engine = open(kModel, {.projector = gguf_image::write_file(folder, "eyes.gguf", content.bytes())});
  for (int time = 0; time < 2; ++time) {
    const auto encoded = engine->encode(picture(), 70);
    QVERIFY(!encoded.ok());
    QCOMPARE(encoded.error().code, Error::Code::CorruptFile);
    QVERIFY(message(encoded.error()).contains("'eyes.gguf' gave results that are not numbers"));
  }
}

void EncodeMediaTest::what_was_encoded_is_found_again() {
  const auto engine = open(kModel, {.projector = kProjector.toStdString()});
  const auto first = engine->encode(picture(), 70).value();
  QCOMPARE(first->tokens(), 60U);
  QCOMPARE(engine->encode(picture(), 70).value(), first);
  RgbImage other = picture();
  other.pixels[5] ^= 1U;
  QVERIFY(engine->encode(other, 70).value()->hash != first->hash);
  QVERIFY(engine->encode(picture(), 140).value()->hash != first->hash);
  const auto heard = engine->encode(sound(8000)).value();
  QCOMPARE(heard->tokens(), 13U);
  QCOMPARE(engine->encode(sound(8000)).value(), heard);
  QVERIFY(engine->encode(sound(8001)).value()->hash != heard->hash);
  // Without room they are encoded again, and come to the same.
  const auto forgetful = open(kModel, {.projector = kProjector.toStdString(), .media_cache_bytes = 100});
  const auto again = forgetful->encode(picture(), 70).value();
  QVERIFY(forgetful->encode(picture(), 70).value() != again);
  QCOMPARE(again->rows, first->rows);
  QCOMPARE(again->hash, first->hash);
}

void EncodeMediaTest::the_cache_is_bounded() {
  MediaCache cache(40);
  for (const char* hash : {"a", "b"})
    cache.add(embedding(hash, 4));
  QVERIFY(cache.find("a") != nullptr);
  cache.add(embedding("c", 4));
  QVERIFY(cache.find("b") == nullptr);
  QVERIFY(cache.find("a") != nullptr && cache.find("c") != nullptr);
  QCOMPARE(cache.bytes(), std::uint64_t{32});
  cache.add(embedding("d", 11));
  QVERIFY(cache.find("d") == nullptr && cache.find("a") != nullptr);
  cache.add(embedding("a", 4));
  QCOMPARE(cache.bytes(), std::uint64_t{32});
}

void EncodeMediaTest::what_can_not_be_encoded_is_refused() {
  const auto engine = open(kModel, {.projector = kProjector.toStdString()});
  const auto of_picture = [&](const RgbImage& image, std::uint32_t budget) {
    const auto encoded = engine->encode(image, budget);
    return encoded.ok() ? QString("encoded") : message(encoded.error());
  };
  const auto of_sound = [&](const PcmAudio& audio) {
    const auto encoded = engine->encode(audio);
    return encoded.ok() ? QString("encoded") : message(encoded.error());
  };
  QVERIFY(of_picture(picture(), 0) != "encoded");
  QVERIFY(of_picture(picture(), 1121) != "encoded");
  QVERIFY(of_picture({}, 70) != "encoded");
  QVERIFY(of_picture({100, 60, {1, 2, 3}}, 70) != "encoded");
  // 128 positions along a side, and a strip that has more patches.
  QVERIFY(of_picture(media_vectors::gradient(4000, 20, 3), 280).contains("128 positions"));
  QVERIFY(of_sound(sound(30 * 16000 + 1)).contains("30 at a time"));
  QVERIFY(of_sound(sound(160)).contains("too short"));
  QVERIFY(of_sound({}) != "encoded");
  QCOMPARE(of_sound(sound(161)), QString("encoded"));
  // Afterwards as if nothing had happened.
  QCOMPARE(of_picture(picture(), 70), QString("encoded"));
}

void EncodeMediaTest::a_stop_is_obeyed() {
  const auto engine = open(kModel, {.projector = kProjector.toStdString()});
  std::stop_source stop;
  stop.request_stop();
  const auto encoded = engine->encode(picture(), 70, Priority::Chat, stop.get_token());
  QVERIFY(!encoded.ok());
  QCOMPARE(encoded.error().code, Error::Code::Stopped);
  QCOMPARE(engine->encode(picture(), 70).value()->tokens(), 60U);
}

void EncodeMediaTest::memory_is_planned() {
  const auto text = open(kModel);
  const auto seeing = open(kModel, {.projector = kProjector.toStdString()});
  const MemoryPlan without = text->memory();
  const MemoryPlan with = seeing->memory();
  QCOMPARE(with.weight_bytes - without.weight_bytes,
           read_projector(*GgufFile::open(kProjector.toStdString()).value())->bytes);
  QVERIFY(with.devices.front().has_encoders && !without.devices.front().has_encoders);
  // At least the stream, keys and values of the largest picture.
  QVERIFY(with.activation_bytes >= without.activation_bytes + std::uint64_t{3} * 10080 * 32 * sizeof(float));
  // What a fit says is what loading goes by.
  const auto fit = fit_model(*GgufFile::open(kModel.toStdString()).value(), {.projector = kProjector.toStdString()});
  QVERIFY(fit.ok());
  QCOMPARE(fit->memory.devices.front().total_bytes, with.devices.front().total_bytes);
}

QTEST_APPLESS_MAIN(EncodeMediaTest)
#include "encode_media_test.moc"
