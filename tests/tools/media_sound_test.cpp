#include <QtTest>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "media_fixture.h"

using namespace facet;
using namespace facet::tools::media;

namespace {

using Samples = std::vector<float>;

QByteArray little(std::uint32_t value, int bytes) {
  QByteArray text;
  for (int i = 0; i < bytes; ++i)
    text.append(static_cast<char>(value >> 8 * i));
  return text;
}

// A WAV file of one channel with 16-bit samples, byte by byte as the format says.
QByteArray wav(const std::vector<std::int16_t>& samples, std::uint32_t rate, std::uint32_t channels = 1) {
  const auto bytes = static_cast<std::uint32_t>(samples.size() * 2);
  QByteArray file = "RIFF" + little(36 + bytes, 4) + "WAVEfmt " + little(16, 4) + little(1, 2) + little(channels, 2) +
                    little(rate, 4) + little(rate * channels * 2, 4) + little(channels * 2, 2) + little(16, 2) +
                    "data" + little(bytes, 4);
  file.append(reinterpret_cast<const char*>(samples.data()), static_cast<qsizetype>(bytes));
  return file;
}

std::vector<std::int16_t> noise(std::size_t count) {
  std::vector<std::int16_t> samples(count);
  std::uint32_t state = 1;
  for (std::int16_t& sample : samples) {
    state = state * 1664525 + 1013904223;
    sample = static_cast<std::int16_t>(state >> 16);
  }
  return samples;
}

double tone(double frequency, double second, double loudness) {
  return loudness * std::sin(2 * std::numbers::pi * frequency * second);
}

// The tone of a frequency that fits the samples best, and how loud what is left without it is. The ends, where filters
// begin and end, are left out.
struct Fit {
  double loudness = 0;
  double phase = 0;  // 0 where the tone begins with the first sample
  double error_db = 0;
};

Fit fit(const Samples& samples, double frequency) {
  constexpr std::size_t kEdge = 2000;
  double sine = 0, cosine = 0, energy = 0;
  const std::size_t last = samples.size() - kEdge;
  for (std::size_t i = kEdge; i < last; ++i) {
    const double angle = 2 * std::numbers::pi * frequency * static_cast<double>(i) / engine::kSampleRate;
    sine += samples[i] * std::sin(angle);
    cosine += samples[i] * std::cos(angle);
    energy += static_cast<double>(samples[i]) * samples[i];
  }
  const double count = static_cast<double>(last - kEdge);
  const double loudness = 2 * std::hypot(sine, cosine) / count;
  const double left = std::max(energy - loudness * loudness * count / 2, 1e-30);
  return {loudness, std::atan2(cosine, sine), 10 * std::log10(left / energy)};
}

double loudness_of(const Samples& samples, double from, double to) {
  const auto first = static_cast<std::size_t>(from * engine::kSampleRate);
  const auto last = std::min(samples.size(), static_cast<std::size_t>(to * engine::kSampleRate));
  double sum = 0;
  for (std::size_t i = first; i < last; ++i)
    sum += double{samples[i]} * samples[i];
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(last - first, 1)));
}

// Resident memory of this process, in bytes.
double resident_bytes() {
  QFile file("/proc/self/statm");
  if (!file.open(QIODevice::ReadOnly)) qFatal("no statm");
  return file.readAll().split(' ').at(1).toDouble() * 4096;
}

}  // namespace

class MediaSoundTest : public QObject {
  Q_OBJECT

 private slots:
  // 16 kHz and one channel need no resampling: every sample is what the file holds.
  void reads_samples_exactly() {
    const std::vector<std::int16_t> written = noise(40'000);
    folder_.write("exact.wav", wav(written, 16000));
    const Samples samples = decoded("exact.wav");
    QCOMPARE(samples.size(), written.size());
    for (std::size_t i = 0; i < samples.size(); ++i)
      QCOMPARE(samples[i], static_cast<float>(written[i]) / 32768.0F);
  }

  // Two channels become their mean, so that what both say stays as loud as it is.
  void mixes_channels() {
    const std::vector<std::int16_t> written = noise(20'000);
    folder_.write("stereo.wav", wav(written, 16000, 2));
    const Samples samples = decoded("stereo.wav");
    QCOMPARE(samples.size(), written.size() / 2);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double mean = (static_cast<double>(written[2 * i]) + written[2 * i + 1]) / 65536;
      QVERIFY(std::abs(samples[i] - mean) < 1e-6);
    }
  }

  void resamples_data() {
    QTest::addColumn<int>("rate");
    for (const int rate : {8000, 11025, 22050, 44100, 48000, 96000, 192000})
      QTest::addRow("%d", rate) << rate;
  }
  // A tone stays the tone that it is, in time and loudness.
  void resamples() {
    QFETCH(int, rate);
    constexpr double kFrequency = 997;
    std::vector<std::int16_t> written(static_cast<std::size_t>(rate) * 2);
    for (std::size_t i = 0; i < written.size(); ++i)
      written[i] = static_cast<std::int16_t>(std::lround(32767 * tone(kFrequency, static_cast<double>(i) / rate, 0.5)));
    folder_.write("tone.wav", wav(written, static_cast<std::uint32_t>(rate)));
    const Samples samples = decoded("tone.wav");
    QVERIFY(std::abs(static_cast<int>(samples.size()) - 32000) <= 2);
    const Fit found = fit(samples, kFrequency);
    QVERIFY2(found.error_db < -60, std::to_string(found.error_db).c_str());
    QVERIFY(std::abs(found.loudness - 0.5) < 1e-3);
    QVERIFY2(std::abs(found.phase) < 1e-3, std::to_string(found.phase).c_str());
  }

  // What 16 kHz can not hold does not come back as another tone.
  void leaves_out_what_is_too_high() {
    std::vector<std::int16_t> written(96'000);
    for (std::size_t i = 0; i < written.size(); ++i)
      written[i] = static_cast<std::int16_t>(std::lround(32767 * tone(10'000, static_cast<double>(i) / 48000, 0.5)));
    folder_.write("high.wav", wav(written, 48000));
    const double left = loudness_of(decoded("high.wav"), 0.1, 1.9);
    QVERIFY2(left < 0.5e-3, std::to_string(left).c_str());
  }

  void reads_every_container_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("options");
    QTest::addColumn<double>("most_db");  // of what is not the tone
    QTest::addColumn<bool>("is_on_time");
    const auto row = [](const char* name, const char* options, double most_db, bool is_on_time = true) {
      QTest::newRow(name) << name << options << most_db << is_on_time;
    };
    row("a.wav", "-c:a pcm_s16le", -70);
    row("deep.wav", "-c:a pcm_s24le", -70);
    row("float.wav", "-c:a pcm_f32le", -70);
    row("a.aiff", "", -70);
    row("a.au", "", -70);
    row("a.caf", "-c:a pcm_s16le", -70);
    row("a.flac", "", -70);
    row("alac.m4a", "-c:a alac", -70);
    row("a.mp3", "-b:a 128k", -30);
    row("a.m4a", "-c:a aac -b:a 128k", -30);
    row("a.aac", "-c:a aac -b:a 128k", -30, false);
    row("a.ogg", "-c:a libvorbis -q:a 6", -25);
    row("a.opus", "-c:a libopus -b:a 96k", -25);
    row("a.webm", "-c:a libopus -b:a 96k", -25);
    row("a.mka", "-c:a flac", -70);
    row("a.ts", "-c:a aac -b:a 128k", -30, false);
    row("a.wma", "-b:a 128k", -25, false);
    row("a.ac3", "-b:a 192k", -30, false);
    row("a.avi", "-c:a pcm_s16le", -70);
  }
  // The ffmpeg tool writes 3 s of a tone at 44.1 kHz in two channels. What comes back is that tone, with nothing in
  // front of it: the delay of each encoder has been taken away, where the format has a place for it.
  void reads_every_container() {
    QFETCH(QString, name);
    QFETCH(QString, options);
    QFETCH(double, most_db);
    QFETCH(bool, is_on_time);
    QVERIFY(folder_.ffmpeg("-f lavfi -i aevalsrc=0.5*sin(2*PI*997*t)|0.5*sin(2*PI*997*t):s=" +
                           QString(options.contains("opus") || name.endsWith(".ac3") ? "48000" : "44100") + ":d=3 " +
                           options + " " + name));
    const auto stream = test::reader().sound_stream(folder_.open(name));
    QVERIFY2(stream.ok(), stream.ok() ? "" : stream.error().message.c_str());
    QCOMPARE((*stream)->facts().kind, MediaKind::Sound);
    QVERIFY((*stream)->facts().has_sound);
    const Samples samples = decoded(name);
    QVERIFY2(std::abs(static_cast<double>(samples.size()) - 48000) < 1600, std::to_string(samples.size()).c_str());
    const Fit found = fit(samples, 997);
    QVERIFY2(found.error_db < most_db, std::to_string(found.error_db).c_str());
    // The MP3 encoder turns what it gets down by a twentieth.
    const double loudness = name.endsWith(".mp3") ? 0.475 : 0.5;
    QVERIFY2(std::abs(found.loudness - loudness) < 0.02, std::to_string(found.loudness).c_str());
    // A tenth of a radian is a quarter of a sample.
    if (is_on_time) QVERIFY2(std::abs(found.phase) < 0.1, std::to_string(found.phase).c_str());
  }

  // A sound track that begins late begins late here too, and a pause of the file's clock is silence.
  void keeps_the_time_of_a_video() {
    QVERIFY(
        folder_.ffmpeg("-f lavfi -i color=black:s=64x48:r=10:d=4 -itsoffset 1.5 -f lavfi -i "
                       "aevalsrc=0.5*sin(2*PI*997*t):s=48000:d=2.5 -c:v mpeg4 -c:a pcm_s16le late.mkv"));
    const Samples late = decoded("late.mkv");
    QVERIFY2(std::abs(static_cast<double>(late.size()) / engine::kSampleRate - 4) < 0.1,
             std::to_string(late.size()).c_str());
    QVERIFY(loudness_of(late, 0, 1.45) < 1e-4);
    QVERIFY(std::abs(loudness_of(late, 1.55, 3.9) - 0.5 / std::numbers::sqrt2) < 0.01);
  }

  void fills_pauses() {
    // Half a second of tone at 0 s and at 2 s: the packets between are left out.
    QVERIFY(
        folder_.ffmpeg("-f lavfi -i aevalsrc=0.5*sin(2*PI*997*t):s=16000:d=2.5 -af "
                       "aselect='lt(t,0.5)+gte(t,2)' -c:a pcm_s16le -fflags +bitexact gap.mkv"));
    const Samples gap = decoded("gap.mkv");
    QVERIFY2(std::abs(static_cast<double>(gap.size()) / engine::kSampleRate - 2.5) < 0.1,
             std::to_string(gap.size()).c_str());
    QVERIFY(loudness_of(gap, 0.6, 1.9) < 1e-4);
    QVERIFY(loudness_of(gap, 2.1, 2.4) > 0.3);
  }

  void goes_on_where_it_was_left() {
    const std::vector<std::int16_t> written = noise(50'000);
    folder_.write("resumed.wav", wav(written, 16000));
    const Samples whole = decoded("resumed.wav");
    for (const std::size_t skipped : {std::size_t{1}, std::size_t{12'345}, whole.size() - 1, whole.size()}) {
      const auto stream = test::reader().sound_stream(folder_.open("resumed.wav"), {}, skipped);
      QVERIFY(stream.ok());
      Samples rest(whole.size());
      const auto count = (*stream)->read(rest);
      QVERIFY(count.ok());
      rest.resize(*count);
      QVERIFY(std::equal(rest.begin(), rest.end(), whole.begin() + static_cast<std::ptrdiff_t>(skipped), whole.end()));
    }
  }

  void tells_progress() {
    folder_.write("progress.wav", wav(noise(16'000 * 60), 16000));
    std::vector<double> parts;
    const auto audio =
        test::reader().sound(folder_.open("progress.wav"), {{}, [&](double part) { parts.push_back(part); }});
    QVERIFY(audio.ok());
    QVERIFY(parts.size() > 10);
    QVERIFY(std::is_sorted(parts.begin(), parts.end()));
    QVERIFY(parts.front() >= 0);
    QCOMPARE(parts.back(), 1.0);
  }

  // Four hours: neither this process nor the other one grows. 460 MB of samples pass through.
  void a_long_recording_takes_no_more_memory() {
    QVERIFY(folder_.ffmpeg("-f lavfi -i anullsrc=r=16000:cl=mono:d=14400 -c:a flac -compression_level 0 long.flac"));
    const auto stream = test::reader().sound_stream(folder_.open("long.flac"));
    QVERIFY(stream.ok());
    QVERIFY(std::abs((*stream)->facts().seconds.value_or(0) - 14400) < 1);
    Samples piece(engine::kSampleRate * 30);
    std::size_t total = 0;
    double before = 0;
    while (true) {
      const auto count = (*stream)->read(piece);
      QVERIFY2(count.ok(), count.ok() ? "" : count.error().message.c_str());
      if (*count == 0) break;
      if (before == 0) before = resident_bytes();
      total += *count;
    }
    QCOMPARE(total, std::size_t{14400} * engine::kSampleRate);
    const double grown = resident_bytes() - before;
    QVERIFY2(grown < 5e6, std::to_string(grown).c_str());
    // The whole is too long to be held, and said so before it is.
    const auto whole = test::reader().sound(folder_.open("long.flac"));
    QVERIFY(!whole.ok());
    QVERIFY(QString::fromStdString(whole.error().message).contains("too long"));
  }

  void a_file_without_sound_says_so() {
    QVERIFY(folder_.ffmpeg("-f lavfi -i color=red:s=64x48:r=10:d=1 -c:v mpeg4 silent.mp4"));
    const auto sound = test::reader().sound(folder_.open("silent.mp4"));
    QVERIFY(!sound.ok());
    QCOMPARE(QString::fromStdString(sound.error().message),
             QString("There is no sound in 'silent.mp4'; choose another file."));
  }

 private:
  Samples decoded(const QString& name) {
    auto audio = test::reader().sound(folder_.open(name));
    if (!audio.ok()) {
      QTest::qFail(audio.error().message.c_str(), __FILE__, __LINE__);
      return {};
    }
    return std::move(audio->samples);
  }

  test::MediaFolder folder_;
};

QTEST_GUILESS_MAIN(MediaSoundTest)
#include "media_sound_test.moc"
