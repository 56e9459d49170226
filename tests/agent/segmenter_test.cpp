#include "agent/meeting/segmenter.h"

#include <QTest>

#include "tests/agent/spoken_recording.h"

using namespace facet::agent;

namespace {

constexpr auto kRate = static_cast<std::int64_t>(facet::engine::kSampleRate);

std::vector<SpeechSegment> segments_of(const std::vector<float>& samples, std::size_t block, std::int64_t first = 0,
                                       std::int64_t from = 0) {
  Segmenter segmenter(first, from);
  std::vector<SpeechSegment> segments;
  const auto take = [&](std::vector<SpeechSegment> complete) {
    std::move(complete.begin(), complete.end(), std::back_inserter(segments));
  };
  for (std::size_t at = static_cast<std::size_t>(first); at < samples.size(); at += block)
    take(segmenter.push(std::span(samples).subspan(at, std::min(block, samples.size() - at))));
  take(segmenter.finish());
  return segments;
}

std::vector<SpeechSegment> segments_of(const std::vector<float>& samples) {
  return segments_of(samples, 4096);
}

bool is_inside(const spoken::Phrase& phrase, const SpeechSegment& segment) {
  return segment.begin <= static_cast<std::int64_t>(phrase.begin) &&
         static_cast<std::int64_t>(phrase.end) <= segment.end;
}

// What is true of the segments of any sound.
void verify_form(const std::vector<SpeechSegment>& segments, const std::vector<float>& samples) {
  std::int64_t end = 0;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const SpeechSegment& segment = segments[i];
    QVERIFY(segment.begin >= end);
    QVERIFY(segment.begin <= segment.speech_begin && segment.speech_begin < segment.speech_end &&
            segment.speech_end <= segment.end);
    QVERIFY(segment.end <= static_cast<std::int64_t>(samples.size()));
    QVERIFY(segment.end - segment.begin <= Segmenter::kMost);
    QVERIFY(segment.end - segment.begin >= Segmenter::kLeast || i + 1 == segments.size());
    QVERIFY(std::equal(segment.samples.begin(), segment.samples.end(), samples.begin() + segment.begin,
                       samples.begin() + segment.end));
    end = segment.end;
  }
}

// Each phrase lies in one segment, so that no cut goes through it; and each segment has one.
void verify_cuts(const std::vector<SpeechSegment>& segments, const spoken::Recording& recording) {
  for (const spoken::Phrase& phrase : recording.phrases) {
    const auto holders =
        std::count_if(segments.begin(), segments.end(), [&](const auto& each) { return is_inside(phrase, each); });
    QVERIFY2(holders == 1, qPrintable(QString::number(static_cast<double>(phrase.begin) / spoken::kRate)));
  }
  for (const SpeechSegment& segment : segments)
    QVERIFY(std::any_of(recording.phrases.begin(), recording.phrases.end(),
                        [&](const auto& phrase) { return is_inside(phrase, segment); }));
}

bool same(const std::vector<SpeechSegment>& a, const std::vector<SpeechSegment>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const SpeechSegment& x, const SpeechSegment& y) {
    return x.begin == y.begin && x.end == y.end && x.speech_begin == y.speech_begin && x.speech_end == y.speech_end &&
           x.samples == y.samples;
  });
}

}  // namespace

class SegmenterTest : public QObject {
  Q_OBJECT

 private slots:
  void cuts_fall_in_pauses_data();
  void cuts_fall_in_pauses();
  void long_silence_is_in_no_segment();
  void speech_without_long_pauses_is_cut_at_the_longest();
  void speech_without_any_pause_is_cut();
  void nothing_is_said();
  void blocks_change_nothing();
  void taken_up_again_the_segments_are_the_same();
};

void SegmenterTest::cuts_fall_in_pauses_data() {
  QTest::addColumn<int>("voice");
  QTest::addColumn<QString>("how");
  for (std::size_t voice = 0; voice < std::size(spoken::kVoices); ++voice)
    for (const char* how : spoken::kSpoiled)
      QTest::addRow("%s %s", spoken::kVoices[voice].name, how) << static_cast<int>(voice) << how;
}

void SegmenterTest::cuts_fall_in_pauses() {
  QFETCH(int, voice);
  QFETCH(QString, how);
  const spoken::Recording recording =
      spoken::spoiled(spoken::conversation(spoken::kVoices[voice], 3, {0.5, 0.9, 0.4, 1.5, 0.7}), how);
  const auto segments = segments_of(recording.samples);
  QVERIFY(segments.size() >= 3);
  verify_form(segments, recording.samples);
  verify_cuts(segments, recording);
}

// A minute of speech, then a quarter of an hour of nothing, then somebody says one word.
void SegmenterTest::long_silence_is_in_no_segment() {
  spoken::Recording recording = spoken::conversation(spoken::kVoices[1], 2, {0.6, 1.0});
  const auto talk = static_cast<std::int64_t>(recording.samples.size());
  spoken::add_silence(recording, 900);
  spoken::add_phrase(recording, spoken::said("Yes.", "en-us", 160));
  spoken::add_silence(recording, 60);
  spoken::add_beneath(recording, spoken::white_noise(recording.samples.size()), 30);
  const auto segments = segments_of(recording.samples);
  verify_form(segments, recording.samples);
  verify_cuts(segments, recording);
  std::int64_t heard = 0;
  for (const SpeechSegment& segment : segments)
    heard += segment.end - segment.begin;
  QVERIFY(heard <= talk + 12 * kRate);
  QVERIFY(segments.back().speech_end - segments.back().speech_begin < kRate);
}

// Sentences follow each other so fast that no pause ends a segment before its 28 s are over.
void SegmenterTest::speech_without_long_pauses_is_cut_at_the_longest() {
  spoken::Recording recording = spoken::conversation(spoken::kVoices[0], 4, {0.25, 0.25, 0.25, 0.36});
  const auto segments = segments_of(recording.samples);
  verify_form(segments, recording.samples);
  verify_cuts(segments, recording);
  QVERIFY(segments.size() >= 2 && segments.front().end - segments.front().begin > 15 * kRate);
}

// A voice that never stops: nothing is lost, and no segment is too long.
void SegmenterTest::speech_without_any_pause_is_cut() {
  spoken::Recording recording = spoken::conversation(spoken::kVoices[2], 8, {0.02});
  const auto segments = segments_of(recording.samples);
  verify_form(segments, recording.samples);
  QVERIFY(segments.size() >= 3);
  QVERIFY(segments.front().begin <= static_cast<std::int64_t>(recording.phrases.front().begin));
  QVERIFY(segments.back().end >= static_cast<std::int64_t>(recording.phrases.back().end));
  for (std::size_t i = 1; i < segments.size(); ++i)
    QCOMPARE(segments[i].begin, segments[i - 1].end);
}

void SegmenterTest::nothing_is_said() {
  const auto minutes = static_cast<std::size_t>(2 * 60 * kRate);
  const auto scaled = [](const std::vector<double>& sound) {
    std::vector<float> samples;
    for (const double value : sound)
      samples.push_back(static_cast<float>(0.1 * value));
    return samples;
  };
  QVERIFY(segments_of({}).empty());
  QVERIFY(segments_of(std::vector<float>(100, 0.5F)).empty());
  QVERIFY(segments_of(std::vector<float>(minutes)).empty());
  QVERIFY(segments_of(scaled(spoken::white_noise(minutes))).empty());
  QVERIFY(segments_of(scaled(spoken::music(minutes))).empty());
}

void SegmenterTest::blocks_change_nothing() {
  const spoken::Recording recording = spoken::conversation(spoken::kVoices[0], 2, {0.5, 0.9, 0.4, 1.5});
  const auto whole = segments_of(recording.samples, recording.samples.size());
  for (const std::size_t block : {7UL, 1600UL})
    QVERIFY(same(segments_of(recording.samples, block), whole));
}

void SegmenterTest::taken_up_again_the_segments_are_the_same() {
  const spoken::Recording recording =
      spoken::spoiled(spoken::conversation(spoken::kVoices[0], 3, {0.5, 0.9, 0.4, 1.5}), "white noise");
  auto whole = segments_of(recording.samples);
  QVERIFY(whole.size() >= 4);
  const std::int64_t from = whole[1].end;
  whole.erase(whole.begin(), whole.begin() + 2);
  const std::int64_t first = (from / kRate - 5) * kRate;
  QVERIFY(same(segments_of(recording.samples, 4096, first, from), whole));
}

QTEST_GUILESS_MAIN(SegmenterTest)
#include "segmenter_test.moc"
