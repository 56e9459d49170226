#include "agent/meeting/speech_pieces.h"

#include <QTest>
#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "tests/engine/media_vectors.h"

using namespace facet::agent;
using facet::engine::kSampleRate;

namespace {

constexpr double kRate = kSampleRate;

// Seconds from and to.
struct Pause {
  double begin;
  double end;
};

// A voice that says a syllable five times a second, silent in the pauses but for noise.
std::vector<float> speech(double seconds, const std::vector<Pause>& pauses, double noise = 0.001, double offset = 0) {
  std::vector<float> samples;
  for (std::size_t n = 0; n < static_cast<std::size_t>(seconds * kRate); ++n) {
    const double t = static_cast<double>(n) / kRate;
    const bool silent =
        std::any_of(pauses.begin(), pauses.end(), [&](const Pause& p) { return t >= p.begin && t < p.end; });
    const double syllable = 0.3 + 0.2 * std::cos(2 * std::numbers::pi * 5 * t);
    const double voice = silent ? 0 : syllable * std::sin(2 * std::numbers::pi * 180 * t);
    const double hiss = noise * (media_vectors::hashed(static_cast<std::uint32_t>(n), 1) / 2147483648.0 - 1);
    samples.push_back(static_cast<float>(voice + hiss + offset));
  }
  return samples;
}

std::vector<double> seconds_of(const std::vector<SampleRange>& pieces) {
  std::vector<double> ends;
  for (const SampleRange& piece : pieces)
    ends.push_back(static_cast<double>(piece.end) / kRate);
  return ends;
}

void verify_pieces(const std::vector<SampleRange>& pieces, std::size_t samples) {
  std::size_t begin = 0;
  for (const SampleRange& piece : pieces) {
    QCOMPARE(piece.begin, begin);
    begin = piece.end;
    const std::size_t length = piece.end - piece.begin;
    const bool last = piece == pieces.back();
    QVERIFY(length <= (last ? kMostLastPiece : kMostPiece));
    QVERIFY(pieces.size() == 1 || length >= (last ? kLeastLastPiece : kLeastPiece));
  }
  QCOMPARE(begin, samples);
}

}  // namespace

// Recordings that are made of speech and known pauses.
class SpeechPiecesTest : public QObject {
  Q_OBJECT

 private slots:
  void short_recordings_stay_whole();
  void cuts_lie_in_pauses_data();
  void cuts_lie_in_pauses();
  void the_longest_pause_wins();
  void speech_without_pauses_is_cut_where_it_is_quietest();
  void every_length_has_sound_pieces();
  void recordings_are_cut_while_they_are_read();
};

void SpeechPiecesTest::short_recordings_stay_whole() {
  QVERIFY(cut_at_pauses({}).empty());
  QCOMPARE(cut_at_pauses(std::vector<float>(1)), (std::vector<SampleRange>{{0, 1}}));
  QCOMPARE(cut_at_pauses(speech(30, {{20, 21}})), (std::vector<SampleRange>{{0, kMostLastPiece}}));
  QCOMPARE(cut_at_pauses(speech(31, {{20, 21}})).size(), std::size_t{2});
}

void SpeechPiecesTest::cuts_lie_in_pauses_data() {
  QTest::addColumn<double>("noise");
  QTest::addColumn<double>("offset");
  QTest::newRow("silence") << 0.0 << 0.0;
  QTest::newRow("a quiet room") << 0.001 << 0.0;
  QTest::newRow("a loud room") << 0.05 << 0.0;
  QTest::newRow("a microphone with an offset") << 0.001 << 0.2;
}

// Pauses before 15 s and after 28 s of a piece are not for it; the middle of a pause is where it is cut.
void SpeechPiecesTest::cuts_lie_in_pauses() {
  QFETCH(double, noise);
  QFETCH(double, offset);
  const std::vector<float> samples =
      speech(110, {{8, 10}, {21, 21.6}, {45, 45.5}, {47, 48}, {50, 52}, {72, 72.4}, {93, 94}}, noise, offset);
  const std::vector<SampleRange> pieces = cut_at_pauses(samples);
  verify_pieces(pieces, samples.size());
  const std::vector<double> ends = seconds_of(pieces);
  const std::vector<double> expected = {21.3, 47.5, 72.2, 93.5, 110};
  QCOMPARE(ends.size(), expected.size());
  for (std::size_t i = 0; i < ends.size(); ++i)
    QVERIFY2(std::abs(ends[i] - expected[i]) < 0.1, qPrintable(QString::number(ends[i])));
}

void SpeechPiecesTest::the_longest_pause_wins() {
  const auto end = [](const std::vector<Pause>& pauses) {
    return static_cast<double>(cut_at_pauses(speech(60, pauses)).front().end) / kRate;
  };
  QVERIFY(std::abs(end({{16, 16.5}, {20, 21}, {26, 26.6}}) - 20.5) < 0.1);
  QVERIFY(std::abs(end({{16, 17}, {20, 20.5}, {26, 26.6}}) - 16.5) < 0.1);
  // Silence throughout: nothing is better than anything else, and both sides get about as much.
  const double middle = static_cast<double>(cut_at_pauses(std::vector<float>(60 * kSampleRate)).front().end) / kRate;
  QVERIFY(std::abs(middle - 21.5) < 0.1);
}

void SpeechPiecesTest::speech_without_pauses_is_cut_where_it_is_quietest() {
  std::vector<float> samples = speech(60, {});
  for (std::size_t i = 19 * kSampleRate; i < 19 * kSampleRate + kSampleRate / 2; ++i)
    samples[i] *= 0.6F;
  const double end = static_cast<double>(cut_at_pauses(samples).front().end) / kRate;
  QVERIFY2(end > 19 && end < 19.5, qPrintable(QString::number(end)));
}

// Where the last pieces are short of sound to share out.
void SpeechPiecesTest::every_length_has_sound_pieces() {
  const std::vector<float> samples = speech(120, {{17, 18}, {27.5, 30}, {55, 56}, {80, 84}, {110, 112}});
  for (double seconds = 29.5; seconds <= 120; seconds += 0.73) {
    const auto length = static_cast<std::size_t>(seconds * kRate) + 7;
    verify_pieces(cut_at_pauses(std::span(samples).first(std::min(length, samples.size()))),
                  std::min(length, samples.size()));
  }
}

// A reader that never holds more than it has to finds the same pieces.
void SpeechPiecesTest::recordings_are_cut_while_they_are_read() {
  const std::vector<float> samples = speech(200, {{20, 21}, {43, 43.7}, {66, 70}, {91, 92}, {130, 131}, {171, 172}});
  const std::vector<SampleRange> pieces = cut_at_pauses(samples);
  QVERIFY(pieces.size() > 6);
  std::size_t begin = 0;
  for (const SampleRange& piece : pieces) {
    const std::span<const float> rest = std::span(samples).subspan(begin);
    const std::size_t end = begin + piece_end(rest);
    QCOMPARE(end, piece.end);
    QCOMPARE(begin + piece_end(rest.first(std::min(rest.size(), kPieceLookahead))), piece.end);
    begin = end;
  }
}

QTEST_APPLESS_MAIN(SpeechPiecesTest)
#include "speech_pieces_test.moc"
