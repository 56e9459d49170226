#pragma once

#include <QProcess>
#include <QTemporaryDir>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "engine/media.h"

// Recordings of which it is known when somebody speaks: phrases that espeak-ng says, each by itself, with pauses that a
// test puts between them, and what else is to be heard.
namespace facet::agent::spoken {

inline constexpr double kRate = engine::kSampleRate;

// From the first sound of a phrase to behind its last.
struct Phrase {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Recording {
  std::vector<float> samples;
  std::vector<Phrase> phrases;
};

// Numbers from -1 to 1, the same on every machine.
class Noise {
 public:
  double next() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return static_cast<double>(state_ >> 11U) / 4503599627370496.0 - 1;
  }

 private:
  std::uint64_t state_ = 88172645463325252ULL;
};

inline QByteArray output_of(const QString& program, const QStringList& arguments, const QByteArray& input = {}) {
  QProcess process;
  process.start(program, arguments);
  if (!process.waitForStarted()) qFatal("%s is not installed", qPrintable(program));
  process.write(input);
  process.closeWriteChannel();
  if (!process.waitForFinished(60'000) || process.exitCode() != 0) qFatal("%s failed", qPrintable(program));
  return process.readAllStandardOutput();
}

// A phrase without the silence around it.
inline std::vector<float> say(const QString& text, const QString& voice, int words_per_minute) {
  constexpr float kAudible = 0.003F;
  const QTemporaryDir folder;
  const QString file = folder.filePath("said.wav");
  output_of("espeak-ng", {"-v", voice, "-s", QString::number(words_per_minute), "-w", file, text});
  const QByteArray bytes =
      output_of("ffmpeg", {"-loglevel", "error", "-i", file, "-ar", "16000", "-ac", "1", "-f", "f32le", "-"});
  std::vector<float> samples(static_cast<std::size_t>(bytes.size()) / sizeof(float));
  std::copy_n(bytes.constData(), samples.size() * sizeof(float), reinterpret_cast<char*>(samples.data()));
  std::size_t first = 0;
  std::size_t end = samples.size();
  while (first < end && std::fabs(samples[first]) < kAudible)
    ++first;
  while (end > first && std::fabs(samples[end - 1]) < kAudible)
    --end;
  return {samples.begin() + static_cast<std::ptrdiff_t>(first), samples.begin() + static_cast<std::ptrdiff_t>(end)};
}

// The same; each is made once.
inline const std::vector<float>& said(const QString& text, const QString& voice, int words_per_minute) {
  static std::map<QString, std::vector<float>> made;
  std::vector<float>& phrase = made[voice + ' ' + QString::number(words_per_minute) + ' ' + text];
  if (phrase.empty()) phrase = say(text, voice, words_per_minute);
  return phrase;
}

inline void add_silence(Recording& recording, double seconds) {
  recording.samples.resize(recording.samples.size() + static_cast<std::size_t>(seconds * kRate));
}

inline void add_phrase(Recording& recording, const std::vector<float>& phrase) {
  recording.phrases.push_back({recording.samples.size(), recording.samples.size() + phrase.size()});
  recording.samples.insert(recording.samples.end(), phrase.begin(), phrase.end());
}

// How loud the phrases are: the root of their mean square.
inline double loudness(const Recording& recording) {
  double squares = 0;
  double count = 0;
  for (const Phrase& phrase : recording.phrases) {
    for (std::size_t i = phrase.begin; i < phrase.end; ++i)
      squares += static_cast<double>(recording.samples[i]) * static_cast<double>(recording.samples[i]);
    count += static_cast<double>(phrase.end - phrase.begin);
  }
  return std::sqrt(squares / count);
}

// Adds a sound so loud that the phrases are so many decibels above it.
inline void add_beneath(Recording& recording, const std::vector<double>& sound, double decibels) {
  double squares = 0;
  for (const double value : sound)
    squares += value * value;
  const double own = std::sqrt(squares / static_cast<double>(sound.size()));
  const double factor = loudness(recording) / own * std::pow(10, -decibels / 20);
  for (std::size_t i = 0; i < recording.samples.size(); ++i)
    recording.samples[i] += static_cast<float>(sound[i] * factor);
}

inline std::vector<double> white_noise(std::size_t count) {
  Noise noise;
  std::vector<double> sound(count);
  for (double& value : sound)
    value = noise.next();
  return sound;
}

// Noise that is 20 dB weaker at 2 kHz than at 200 Hz, as rooms and engines make it.
inline std::vector<double> low_noise(std::size_t count) {
  std::vector<double> sound = white_noise(count);
  double held = 0;
  for (double& value : sound)
    value = held += 0.08 * (value - held);
  return sound;
}

// Two tones that are struck together, each with its harmonics, and fade; others twice a second.
inline std::vector<double> music(std::size_t count) {
  constexpr double kNotes[] = {262, 330, 392, 440, 523, 349};
  constexpr std::size_t kBeat = engine::kSampleRate / 2;
  std::vector<double> sound(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t beat = i / kBeat;
    const double t = static_cast<double>(i % kBeat) / kRate;
    const double fading = std::exp(-1.5 * t) * std::min(1.0, t / 0.02);
    for (int harmonic = 1; harmonic <= 4; ++harmonic)
      for (const double note : {kNotes[beat % 6], kNotes[(beat * 5 + 2) % 6]})
        sound[i] += fading / (harmonic * harmonic) * std::sin(2 * std::numbers::pi * note * harmonic * t);
  }
  return sound;
}

// Short sentences without pauses in them.
inline const QStringList& sentences() {
  static const QStringList all = {"The meeting begins at nine o'clock.",
                                  "Please write down what we decide.",
                                  "Our lawyer will join us in a moment.",
                                  "I have no further questions.",
                                  "She sells sea shells by the shore.",
                                  "Yes.",
                                  "The budget for the next year is twelve thousand.",
                                  "Fifty six people have answered the letter so far."};
  return all;
}

struct Voice {
  const char* name = "";
  int words_per_minute = 0;
};
inline constexpr Voice kVoices[] = {
    {"en-us", 160}, {"en-gb+f3", 140}, {"en-us+m7", 220}, {"de", 150}, {"en-us+whisper", 160}};

// What a voice says, as often as asked for, with these pauses in turn before each sentence and one of a second behind.
inline Recording conversation(const Voice& voice, int times, const std::vector<double>& pauses) {
  Recording recording;
  std::size_t said_so_far = 0;
  std::vector<std::vector<float>> phrases;
  for (const QString& sentence : sentences())
    phrases.push_back(said(sentence, voice.name, voice.words_per_minute));
  for (int time = 0; time < times; ++time) {
    for (const std::vector<float>& phrase : phrases) {
      add_silence(recording, pauses[said_so_far++ % pauses.size()]);
      add_phrase(recording, phrase);
    }
  }
  add_silence(recording, 1);
  return recording;
}

// The same with something else to be heard: "clean", "white noise", "low noise" or "music", 10 dB below the voice, or
// "quiet", a hundredth as loud.
inline Recording spoiled(Recording recording, const QString& how) {
  const std::size_t count = recording.samples.size();
  if (how == "white noise") add_beneath(recording, white_noise(count), 10);
  if (how == "low noise") add_beneath(recording, low_noise(count), 10);
  if (how == "music") add_beneath(recording, music(count), 10);
  if (how == "quiet")
    for (float& sample : recording.samples)
      sample *= 0.01F;
  return recording;
}
inline constexpr const char* kSpoiled[] = {"clean", "white noise", "low noise", "music", "quiet"};

}  // namespace facet::agent::spoken
