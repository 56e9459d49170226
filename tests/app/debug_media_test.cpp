#include <QImage>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include "engine/media/log_mel.h"
#include "tests/engine/reference_projectors.h"

using namespace facet::engine;
using nlohmann::json;

// What `facet debug encode-image`, `encode-audio` and `mel` write, from files to rows, beside values computed elsewhere
// in double precision. Pictures and sounds are drawn by their formulas, or come from FACET_REFERENCE_DIR.
class DebugMediaTest : public QObject {
  Q_OBJECT

 private slots:
  void pictures_agree_data() { reference_projectors::add_rows(); }
  void pictures_agree();
  void sounds_agree_data() { reference_projectors::add_rows(); }
  void sounds_agree();
  void spectra_agree();
  void the_projector_beside_the_model_is_found();
  void wrong_usage_is_refused_data();
  void wrong_usage_is_refused();
  void says_why_it_fails();

 private:
  struct Outcome {
    int status = -1;
    QByteArray out;
    QByteArray err;
    QJsonObject sizes;
    std::vector<float> rows;
  };
  Outcome run(const QStringList& words) const {
    QProcess process;
    process.start(QStringLiteral(FACET_PROGRAM), QStringList{"debug"} + words);
    if (!process.waitForFinished(300'000)) qFatal("facet does not end");
    Outcome outcome{process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError(), {}, {}};
    outcome.sizes = QJsonDocument::fromJson(outcome.out).object();
    return outcome;
  }
  // With the rows that it wrote, as many as it says.
  Outcome written(const QStringList& words) const {
    const QString path = folder_.filePath("rows.f32");
    Outcome outcome = run(words + QStringList{"--out", path});
    if (outcome.status != 0) qFatal("%s", outcome.err.constData());
    const QByteArray bytes = reference_models::contents(path);
    outcome.rows.resize(static_cast<std::size_t>(bytes.size()) / sizeof(float));
    std::memcpy(outcome.rows.data(), bytes.constData(), outcome.rows.size() * sizeof(float));
    if (static_cast<std::size_t>(outcome.sizes["rows"].toInt() * outcome.sizes["columns"].toInt()) !=
        outcome.rows.size())
      qFatal("%s is not what was written", outcome.out.constData());
    return outcome;
  }
  QString given(const std::string& name) const {
    const QString path = qEnvironmentVariable("FACET_REFERENCE_DIR") + "/models/" + QString::fromStdString(name);
    return QFile::exists(path) ? path : QString();
  }
  // Empty for one that can not be drawn exactly.
  QString picture(const std::string& name) const {
    if (const QString path = given(name); !path.isEmpty()) return path;
    const auto drawn = inputs_.image(name);
    if (!drawn) return {};
    const QImage image(drawn->pixels.data(), static_cast<int>(drawn->width), static_cast<int>(drawn->height),
                       static_cast<int>(drawn->width) * 3, QImage::Format_RGB888);
    const QString path = folder_.filePath(QString::fromStdString(name));
    return image.save(path) ? path : QString();
  }
  // Empty where two channels were averaged to what 16 bits do not hold.
  QString recording(const std::string& name) const {
    if (const QString path = given(name); !path.isEmpty()) return path;
    QByteArray data;
    for (const float sample : inputs_.samples(name)) {
      const float scaled = sample * 32768;
      if (scaled != std::round(scaled)) return {};
      const auto code = static_cast<std::int16_t>(scaled);
      data.append(reinterpret_cast<const char*>(&code), sizeof code);
    }
    const QString path = folder_.filePath(QString::fromStdString(name));
    write_wav(path, data);
    return path;
  }
  static void write_wav(const QString& path, const QByteArray& data) {
    const auto number = [](auto value) { return QByteArray(reinterpret_cast<const char*>(&value), sizeof value); };
    const auto bytes = static_cast<std::uint32_t>(data.size());
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly)) qFatal("no sound");
    file.write("RIFF" + number(bytes + 36) + "WAVEfmt " + number(std::uint32_t{16}) + number(std::uint16_t{1}) +
               number(std::uint16_t{1}) + number(std::uint32_t{16000}) + number(std::uint32_t{32000}) +
               number(std::uint16_t{2}) + number(std::uint16_t{16}) + "data" + number(bytes) + data);
  }
  static QString number(const json& value) { return QString::number(value.get<int>()); }

  const QTemporaryDir folder_;
  const reference_projectors::Inputs inputs_;
};

// The smallest pictures of each projector: the encoders themselves are tested with all of them elsewhere.
void DebugMediaTest::pictures_agree() {
  constexpr int kMostPatches = 700;
  QFETCH(QString, base);
  const json expected = reference_projectors::read_json(base + ".json");
  const QByteArray data = reference_models::contents(base + ".bin");
  int compared = 0;
  for (const json& item : expected["vision"]) {
    const QString path = picture(item["image"]);
    if (path.isEmpty() || item["patches"].get<int>() > kMostPatches) continue;
    const Outcome outcome =
        written({"encode-image", "--mmproj", base + ".gguf", "--image", path, "--budget", number(item["budget"])});
    QCOMPARE(outcome.sizes["rows"].toInt(), item["tokens"].get<int>());
    QCOMPARE(outcome.sizes["columns"].toInt(), expected["text_width"].get<int>());
    QCOMPARE(outcome.sizes["resized"], QJsonArray({item["resized"][0].get<int>(), item["resized"][1].get<int>()}));
    const QString fault = reference_projectors::disagreement(
        outcome.rows, reference_projectors::values_at(data, item["soft"]), expected["tolerance"]["vision"]["float32"]);
    QVERIFY2(fault.isEmpty(), qPrintable(path + ": " + fault));
    if (++compared == 2) break;
  }
  QVERIFY(compared > 0 || expected["vision"].empty());
}

void DebugMediaTest::sounds_agree() {
  QFETCH(QString, base);
  const json expected = reference_projectors::read_json(base + ".json");
  const QByteArray data = reference_models::contents(base + ".bin");
  int compared = 0;
  for (const json& item : expected["audio"]) {
    const QString path = recording(item["sound"]);
    if (path.isEmpty()) continue;
    const Outcome outcome = written({"encode-audio", "--mmproj", base + ".gguf", "--audio", path});
    QCOMPARE(outcome.sizes["rows"].toInt(), item["tokens"].get<int>());
    QCOMPARE(outcome.sizes["samples"].toInt(), item["samples"].get<int>());
    const json& soft = item.contains("soft") ? item["soft"] : item["soft_13_keys"];
    const QString fault = reference_projectors::disagreement(outcome.rows, reference_projectors::values_at(data, soft),
                                                             expected["tolerance"]["audio"]["float32"]);
    QVERIFY2(fault.isEmpty(), qPrintable(path + ": " + fault));
    ++compared;
  }
  QVERIFY(compared > 0 || expected["audio"].empty());
}

void DebugMediaTest::spectra_agree() {
  const json sounds = media_vectors::read("models/mmproj-inputs.json")["sounds"];
  int compared = 0;
  for (const json& sound : sounds) {
    const QString path = recording(sound["file"]);
    if (path.isEmpty()) continue;
    const Outcome outcome = written({"mel", "--audio", path});
    QCOMPARE(outcome.sizes["rows"].toInt(), sound["frames"].get<int>());
    QCOMPARE(outcome.sizes["columns"].toInt(), 128);
    const QString fault =
        reference_projectors::disagreement(outcome.rows, inputs_.mel(sound["file"]).values, sound["tolerance"]);
    QVERIFY2(fault.isEmpty(), qPrintable(path + ": " + fault));
    ++compared;
  }
  QVERIFY(compared >= 3);
  const QString sine = recording("mmproj-sine-0.5s.wav");
  QCOMPARE(written({"mel", "--audio", sine, "--model", "any"}).rows, written({"mel", "--audio", sine}).rows);
}

void DebugMediaTest::the_projector_beside_the_model_is_found() {
  const QString models = QStringLiteral(FACET_TEST_DATA "/models/");
  const QTemporaryDir folder;
  const QString model = folder.filePath("e.gguf");
  QVERIFY(QFile::copy(models + "e-f32.gguf", model));
  const QStringList words = {"encode-image", "--model", model, "--image", picture("mmproj-gradient-100x60.png"),
                             "--budget",     "70"};
  const Outcome alone = run(words + QStringList{"--out", folder.filePath("rows")});
  QCOMPARE(alone.status, 1);
  QVERIFY(alone.err.contains("no projector"));
  QVERIFY(QFile::copy(models + "mmproj-e-bf16.gguf", folder.filePath("mmproj.gguf")));
  const Outcome beside = written(words);
  const Outcome named = written(words + QStringList{"--mmproj", models + "mmproj-e-bf16.gguf"});
  QCOMPARE(beside.rows.size(), std::size_t{60} * 64);
  QCOMPARE(beside.rows, named.rows);
}

void DebugMediaTest::wrong_usage_is_refused_data() {
  QTest::addColumn<QStringList>("words");
  QTest::newRow("no picture") << QStringList{"encode-image", "--out", "x"};
  QTest::newRow("nowhere to write") << QStringList{"encode-image", "--image", "x"};
  QTest::newRow("no such budget") << QStringList{"encode-image", "--image", "x", "--out", "y", "--budget", "100"};
  QTest::newRow("budget is no number") << QStringList{"encode-image", "--image", "x", "--out", "y", "--budget", "all"};
  QTest::newRow("no sound") << QStringList{"encode-audio", "--out", "x"};
  QTest::newRow("no recording") << QStringList{"mel", "--out", "x"};
  QTest::newRow("a word too many") << QStringList{"mel", "--audio", "x", "--out", "y", "z"};
}

void DebugMediaTest::wrong_usage_is_refused() {
  QFETCH(QStringList, words);
  const Outcome outcome = run(words);
  QCOMPARE(outcome.status, 2);
  QVERIFY(outcome.out.isEmpty());
  QVERIFY2(outcome.err.startsWith("facet: ") && outcome.err.count('\n') == 1, outcome.err.constData());
}

void DebugMediaTest::says_why_it_fails() {
  const QString models = QStringLiteral(FACET_TEST_DATA "/models/");
  const QString image = picture("mmproj-gradient-100x60.png");
  const QString out = folder_.filePath("never.f32");
  const auto refusal = [&](const QStringList& words) {
    const Outcome outcome = run(words + QStringList{"--out", out});
    return outcome.status == 1 && outcome.err.count('\n') == 1 ? outcome.err : QByteArray();
  };
  const QString sees = models + "mmproj-dense-heads72-bf16.gguf";
  QFile torn(folder_.filePath("torn.png"));
  QVERIFY(torn.open(QIODevice::WriteOnly) && torn.write("\x89PNG\r\n\x1a\n and nothing else") > 0);
  torn.close();
  QVERIFY(refusal({"encode-image", "--mmproj", sees, "--image", torn.fileName()}).contains("torn.png"));
  QVERIFY(refusal({"encode-image", "--mmproj", models + "e-f32.gguf", "--image", image}).contains("is no projector"));
  QVERIFY(refusal({"encode-image", "--mmproj", sees, "--image", "/nowhere.png"}).contains("nowhere.png"));
  QVERIFY(refusal({"encode-audio", "--mmproj", sees, "--audio", recording("mmproj-sine-0.5s.wav")})
              .contains("for pictures alone"));
  QVERIFY(!QFile::exists(out));
  const Outcome full = run({"mel", "--audio", recording("mmproj-sine-0.5s.wav"), "--out", "/dev/full"});
  QCOMPARE(full.status, 1);
  QVERIFY(full.err.contains("/dev/full"));
}

QTEST_GUILESS_MAIN(DebugMediaTest)
#include "debug_media_test.moc"
