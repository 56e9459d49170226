#include "agent/meeting/voice_activity.h"

#include <QTest>

#include "tests/agent/spoken_recording.h"

using namespace facet::agent;

namespace {

constexpr std::size_t kStep = VoiceActivity::kStep;

std::vector<bool> verdicts(const std::vector<float>& samples, std::size_t block) {
  VoiceActivity voice;
  std::vector<bool> speaking;
  for (std::size_t at = 0; at < samples.size(); at += block)
    voice.push(std::span(samples).subspan(at, std::min(block, samples.size() - at)), speaking);
  voice.finish(speaking);
  return speaking;
}

std::vector<bool> verdicts(const std::vector<float>& samples) {
  return verdicts(samples, samples.size());
}

double part_of(const std::vector<bool>& verdicts, std::size_t first, std::size_t last) {
  double count = 0;
  for (std::size_t i = first; i < last; ++i)
    count += verdicts[i] ? 1 : 0;
  return last > first ? count / static_cast<double>(last - first) : 0;
}

std::vector<float> scaled(const std::vector<double>& sound, double factor) {
  std::vector<float> samples;
  for (const double value : sound)
    samples.push_back(static_cast<float>(value * factor));
  return samples;
}

}  // namespace

class VoiceActivityTest : public QObject {
  Q_OBJECT

 private slots:
  void what_is_said_is_heard_data();
  void what_is_said_is_heard();
  void what_is_no_voice_is_none();
  void a_steady_noise_that_begins_is_no_voice();
  void blocks_change_nothing();
  void there_is_a_verdict_for_each_step();
};

void VoiceActivityTest::what_is_said_is_heard_data() {
  QTest::addColumn<int>("voice");
  QTest::addColumn<QString>("how");
  for (std::size_t voice = 0; voice < std::size(spoken::kVoices); ++voice)
    for (const char* how : spoken::kSpoiled)
      QTest::addRow("%s %s", spoken::kVoices[voice].name, how) << static_cast<int>(voice) << how;
}

// Of each sentence at least 80 of 100 steps, and its beginning to within 60 ms; of the middles of pauses that are
// longer than a second hardly any.
void VoiceActivityTest::what_is_said_is_heard() {
  QFETCH(int, voice);
  QFETCH(QString, how);
  const spoken::Recording recording =
      spoken::spoiled(spoken::conversation(spoken::kVoices[voice], 2, {0.6, 1.2, 0.8, 3.0}), how);
  const std::vector<bool> speaking = verdicts(recording.samples);
  double wrong = 0;
  double silent = 0;
  for (std::size_t i = 0; i < recording.phrases.size(); ++i) {
    const std::size_t begin = recording.phrases[i].begin / kStep;
    const std::size_t end = recording.phrases[i].end / kStep;
    QVERIFY2(part_of(speaking, begin, end) >= 0.8, qPrintable(QString::number(part_of(speaking, begin, end))));
    QVERIFY(part_of(speaking, begin, begin + 6) > 0);
    if (i + 1 == recording.phrases.size()) break;
    const std::size_t next = recording.phrases[i + 1].begin / kStep;
    if (next - end < 100) continue;
    silent += static_cast<double>(next - end - 50);
    wrong += part_of(speaking, end + 25, next - 25) * static_cast<double>(next - end - 50);
  }
  QVERIFY2(wrong <= 0.02 * silent, qPrintable(QString::number(wrong / silent)));
}

void VoiceActivityTest::what_is_no_voice_is_none() {
  const std::size_t minute = 60 * facet::engine::kSampleRate;
  for (const std::vector<float>& sound :
       {std::vector<float>(minute), scaled(spoken::white_noise(minute), 0.1), scaled(spoken::low_noise(minute), 0.5),
        scaled(spoken::music(minute), 0.2), std::vector<float>(minute, 0.5F)}) {
    const std::vector<bool> speaking = verdicts(sound);
    QCOMPARE(part_of(speaking, 0, speaking.size()), 0.0);
  }
}

// A fan that is switched on is taken for a voice for two seconds at most, until it is the noise of before.
void VoiceActivityTest::a_steady_noise_that_begins_is_no_voice() {
  const std::size_t seconds = facet::engine::kSampleRate;
  std::vector<float> sound(10 * seconds);
  const std::vector<float> fan = scaled(spoken::low_noise(20 * seconds), 0.2);
  sound.insert(sound.end(), fan.begin(), fan.end());
  const std::vector<bool> speaking = verdicts(sound);
  QCOMPARE(part_of(speaking, 0, 900), 0.0);
  QCOMPARE(part_of(speaking, 1250, speaking.size()), 0.0);
}

void VoiceActivityTest::blocks_change_nothing() {
  const spoken::Recording recording = spoken::conversation(spoken::kVoices[0], 1, {0.6, 1.2});
  const std::vector<bool> whole = verdicts(recording.samples);
  for (const std::size_t block : {1UL, 400UL, 4099UL})
    QVERIFY(verdicts(recording.samples, block) == whole);
}

void VoiceActivityTest::there_is_a_verdict_for_each_step() {
  for (const std::size_t count : {0UL, 1UL, 159UL, 160UL, 161UL, 399UL, 400UL, 1000UL, 16001UL, 48000UL})
    QCOMPARE(verdicts(scaled(spoken::white_noise(count), 0.1)).size(), (count + kStep - 1) / kStep);
}

QTEST_GUILESS_MAIN(VoiceActivityTest)
#include "voice_activity_test.moc"
