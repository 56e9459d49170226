#include "engine/media/log_mel.h"

#include <QTest>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>

#include "engine/media/real_fft.h"
#include "engine/media/sound_frames.h"
#include "media_vectors.h"

using namespace facet::engine;
using media_vectors::kPi;
using media_vectors::reference_sound;
using media_vectors::sound;
using nlohmann::json;

namespace {

double largest_difference(std::span<const float> row, const json& expected) {
  double largest = row.size() == expected.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < row.size() && i < expected.size(); ++i)
    largest = std::max(largest, std::abs(row[i] - expected[i].get<double>()));
  return largest;
}

}  // namespace

// The way from a sound to what the encoder hears, against published vectors and against the rows of reference sounds.
class LogMelTest : public QObject {
  Q_OBJECT

 private slots:
  void the_transform_is_fouriers();
  void published_window_and_filters();
  void published_counts();
  void published_rows();
  void reference_sounds_data();
  void reference_sounds();
  void later_samples_are_not_heard();
  void sound_without_an_encoder();
};

void LogMelTest::the_transform_is_fouriers() {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> values(-1, 1);
  for (const std::size_t size : {4U, 8U, 16U, 512U}) {
    std::vector<double> input(size);
    for (double& value : input)
      value = values(random);
    std::vector<double> output(size / 2 + 1);
    RealFft fft(size);
    for (int times = 0; times < 2; ++times)
      fft.magnitudes(input, output);
    for (std::size_t k = 0; k < output.size(); ++k) {
      std::complex<long double> sum = 0;
      for (std::size_t n = 0; n < size; ++n)
        sum += static_cast<long double>(input[n]) *
               std::polar(1.0L, -2.0L * std::numbers::pi_v<long double> * static_cast<long double>(k * n % size) /
                                    static_cast<long double>(size));
      QVERIFY(std::abs(std::abs(sum) - output[k]) < 1e-12L);
    }
  }
}

void LogMelTest::published_window_and_filters() {
  const json vectors = media_vectors::read("vectors/audio-frontend.json");
  const std::vector<float> window = mel_window();
  QCOMPARE(window.size(), vectors["window"]["length"].get<std::size_t>());
  for (std::size_t i = 0; i < 5; ++i)
    QCOMPARE(window[i], vectors["window"]["first_5"][i].get<float>());
  QCOMPARE(window[160], vectors["window"]["index_160"].get<float>());
  QCOMPARE(window.back(), vectors["window"]["last"].get<float>());

  const std::vector<double> edges = mel_edges();
  QCOMPARE(edges.size(), std::size_t{130});
  for (std::size_t i = 0; i < 6; ++i)
    QVERIFY(std::abs(edges[i] - vectors["mel_edges_hz"]["first_6"][i].get<double>()) < 1e-5);
  for (std::size_t i = 0; i < 3; ++i)
    QVERIFY(std::abs(edges[127 + i] - vectors["mel_edges_hz"]["last_3"][i].get<double>()) < 1e-3);

  const std::vector<MelFilter> filters = mel_filters();
  QCOMPARE(filters.size(), vectors["mel_filters"].size());
  for (std::size_t k = 0; k < filters.size(); ++k) {
    std::vector<double> difference(257);
    for (std::size_t i = 0; i < filters[k].weights.size(); ++i)
      difference.at(filters[k].first + i) += filters[k].weights[i];
    const json& expected = vectors["mel_filters"][k];
    for (std::size_t i = 0; i < expected["weights"].size(); ++i)
      difference.at(expected["first_bin"].get<std::size_t>() + i) -= expected["weights"][i].get<double>();
    for (const double value : difference)
      QVERIFY(std::abs(value) < 1e-7);
  }
}

void LogMelTest::published_counts() {
  const json counts = media_vectors::read("vectors/audio-frontend.json")["counts"];
  QCOMPARE(counts.size(), std::size_t{20});
  for (const json& item : counts) {
    const std::size_t samples = item["samples"];
    QCOMPARE(mel_frame_count(samples), item["valid_frames"].get<std::size_t>());
    QCOMPARE(encoded_sound_tokens(samples), item["tokens"].get<std::size_t>());
    QCOMPARE(raw_sound_tokens(samples), item["unified_tokens"].get<std::size_t>());
  }
  QCOMPARE(mel_frame_count(0), std::size_t{0});
  QCOMPARE(encoded_sound_tokens(0), std::size_t{0});
  QCOMPARE(raw_sound_tokens(0), std::size_t{0});
}

void LogMelTest::published_rows() {
  const json expected = media_vectors::read("vectors/audio-frontend.json")["log_mel"];
  constexpr double kTolerance = 1e-3;
  const LogMel sine = log_mel(sound(16000, [](double n) { return std::sin(2 * kPi * 1000 * n / 16000); }));
  const LogMel chirp = log_mel(sound(24000, [](double n) {
    const double t = n / 16000;
    return 0.5 * std::sin(2 * kPi * (100 * t + 1300 * t * t));
  }));
  const LogMel impulse = log_mel(sound(4000, [](double n) { return n == 1000 ? 1.0 : 0.0; }));
  const auto compare = [&](const LogMel& mel, const std::string& name, std::initializer_list<std::size_t> frames) {
    QCOMPARE(mel.frames, expected[name + "_frames"].get<std::size_t>());
    QCOMPARE(mel.values.size(), mel.frames * kMelBands);
    for (const std::size_t frame : frames) {
      const double difference = largest_difference(mel.row(frame), expected[name + "_frame_" + std::to_string(frame)]);
      QVERIFY2(difference < kTolerance, qPrintable(QString("%1").arg(difference)));
    }
  };
  compare(sine, "sine", {0, 10, 98});
  compare(chirp, "chirp", {0, 10, 148});
  compare(impulse, "impulse", {6, 7});
  const float silence = expected["silence_value"].get<float>();
  for (std::size_t frame = 0; frame < impulse.frames; ++frame) {
    const bool heard = std::any_of(impulse.row(frame).begin(), impulse.row(frame).end(),
                                   [&](float value) { return std::abs(value - silence) > 1e-5F; });
    QCOMPARE(heard, frame == 6 || frame == 7);
  }
}

void LogMelTest::reference_sounds_data() {
  QTest::addColumn<int>("index");
  const json sounds = media_vectors::read("models/mmproj-inputs.json")["sounds"];
  QCOMPARE(sounds.size(), std::size_t{5});
  for (int i = 0; i < static_cast<int>(sounds.size()); ++i)
    QTest::newRow(sounds[static_cast<std::size_t>(i)]["file"].get<std::string>().c_str()) << i;
}

void LogMelTest::reference_sounds() {
  QFETCH(int, index);
  const json item = media_vectors::read("models/mmproj-inputs.json")["sounds"][static_cast<std::size_t>(index)];
  const QByteArray data = media_vectors::read_bytes("models/mmproj-inputs.bin");
  const LogMel mel = log_mel(reference_sound(item));
  QCOMPARE(mel.frames, item["frames"].get<std::size_t>());
  QCOMPARE((json{mel.frames, kMelBands}), item["log_mel"]["shape"]);
  QCOMPARE(encoded_sound_tokens(item["samples"]), item["tokens"].get<std::size_t>());
  QCOMPARE(raw_sound_tokens(item["samples"]), item["tokens_unified"].get<std::size_t>());
  std::vector<float> expected(mel.values.size());
  const std::size_t offset = item["log_mel"]["offset"];
  QVERIFY(offset + expected.size() * sizeof(float) <= static_cast<std::size_t>(data.size()));
  std::memcpy(expected.data(), data.constData() + offset, expected.size() * sizeof(float));
  double largest = 0;
  double largest_linear = 0;
  double squares = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(static_cast<double>(mel.values[i]) - expected[i]);
    largest = std::max(largest, difference);
    squares += difference * difference;
    largest_linear =
        std::max(largest_linear, std::abs(std::exp(double{mel.values[i]}) - std::exp(double{expected[i]})));
  }
  const double rms = std::sqrt(squares / static_cast<double>(expected.size()));
  const QString found = QString("max %1, rms %2, linear %3").arg(largest).arg(rms).arg(largest_linear);
  QVERIFY2(largest <= item["tolerance"]["max"].get<double>(), qPrintable(found));
  QVERIFY2(rms <= item["tolerance"]["rms"].get<double>(), qPrintable(found));
  QVERIFY2(largest_linear <= item["tolerance"]["max_linear"].get<double>(), qPrintable(found));
}

void LogMelTest::later_samples_are_not_heard() {
  const auto noise = sound(kMaxClipSamples + 5000, [](double n) {
    return media_vectors::hashed(static_cast<std::uint32_t>(n), 7) / 2147483648.0 - 1;
  });
  const LogMel cut = log_mel(std::span(noise).first(kMaxClipSamples));
  QCOMPARE(cut.frames, std::size_t{2999});
  QCOMPARE(log_mel(noise).values, cut.values);
}

void LogMelTest::sound_without_an_encoder() {
  const std::vector<float> samples = sound(1300, [](double n) { return 0.001 * n - 0.5; });
  const std::vector<float> frames = raw_sound_frames(samples);
  QCOMPARE(frames.size(), std::size_t{3 * kSoundFrame});
  for (std::size_t i = 0; i < frames.size(); ++i)
    QCOMPARE(frames[i], i < samples.size() ? samples[i] : 0.0F);
  QVERIFY(raw_sound_frames({}).empty());
}

QTEST_APPLESS_MAIN(LogMelTest)
#include "log_mel_test.moc"
