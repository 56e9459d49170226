// `facet transcribe` from the file to what is printed: decoded by the program that decodes, heard by a tiny model that
// has an encoder for sound and understands nothing. What it says is of no meaning; when it says it is known.
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include "agent/store/reader.h"
#include "tests/agent/spoken_recording.h"

using namespace facet;
namespace spoken = facet::agent::spoken;

class TranscribeCommandTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void init();
  void segments_have_the_times_of_what_is_said();
  void a_video_is_heard_too();
  void a_killed_process_is_taken_up_where_it_was();
  void a_file_gets_the_format_of_its_name();
  void a_model_that_can_not_hear_says_so();
  void wrong_usage_is_refused();
  void files_that_are_no_recordings_are_one_sentence();

 private:
  struct Outcome {
    int status = -1;
    QByteArray out;
    QByteArray err;
    QJsonArray segments() const { return QJsonDocument::fromJson(out)["segments"].toArray(); }
  };
  QStringList words(const QStringList& arguments) const {
    return QStringList{"transcribe", "--backend", "cpu", "--threads", "1", "--data", folder_->filePath("data")} +
           arguments;
  }
  QStringList hearing() const { return {"--model", model_, "--mmproj", projector_}; }
  Outcome transcribe(const QStringList& arguments) const {
    QProcess process;
    process.start(QStringLiteral(FACET_PROGRAM), words(arguments));
    if (!process.waitForFinished(600'000)) qFatal("facet does not end");
    return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
  }
  std::size_t stored_segments() const {
    const auto reader = agent::StoreReader::open(folder_->filePath("data/facet.sqlite").toStdString());
    if (!reader.ok()) return 0;
    const auto rows = (*reader)->segments(1);
    return rows.ok() ? rows->size() : 0;
  }

  const QString model_ = QStringLiteral(FACET_TEST_DATA "/models/e-f32.gguf");
  const QString projector_ = QStringLiteral(FACET_TEST_DATA "/models/mmproj-e-bf16.gguf");
  spoken::Recording talk_;
  QTemporaryDir recordings_;
  QString recording_;
  std::unique_ptr<QTemporaryDir> folder_;
};

void TranscribeCommandTest::initTestCase() {
  talk_ = spoken::conversation(spoken::kVoices[0], 2, {0.5, 0.9, 1.2});
  const QByteArray raw(reinterpret_cast<const char*>(talk_.samples.data()),
                       static_cast<qsizetype>(talk_.samples.size() * sizeof(float)));
  recording_ = recordings_.filePath("talk.flac");
  spoken::output_of("ffmpeg", {"-loglevel", "error", "-f", "f32le", "-ar", "16000", "-ac", "1", "-i", "-", recording_},
                    raw);
}

void TranscribeCommandTest::init() {
  folder_ = std::make_unique<QTemporaryDir>();
}

// Each sentence lies within one segment, and no segment is longer than half a minute.
void TranscribeCommandTest::segments_have_the_times_of_what_is_said() {
  const Outcome outcome = transcribe(hearing() + QStringList{"--json", recording_});
  QCOMPARE(outcome.status, 0);
  const auto reader = agent::StoreReader::open(folder_->filePath("data/facet.sqlite").toStdString());
  QVERIFY(reader.ok());
  const auto rows = (*reader)->segments(1);
  QVERIFY(rows.ok() && rows->size() >= 2);
  for (const spoken::Phrase& phrase : talk_.phrases) {
    int holders = 0;
    for (const agent::Segment& row : *rows)
      if (row.begin <= static_cast<std::int64_t>(phrase.begin) && static_cast<std::int64_t>(phrase.end) <= row.end)
        ++holders;
    QCOMPARE(holders, 1);
  }
  // The printed ones are those of the store that have a text.
  qsizetype printed = 0;
  const QJsonArray segments = outcome.segments();
  for (const agent::Segment& row : *rows) {
    QVERIFY(row.end - row.begin <= 28 * 16000);
    if (row.text.empty()) continue;
    const QJsonObject segment = segments[printed++].toObject();
    QCOMPARE(segment["text"].toString().toStdString(), row.text);
    QVERIFY(std::abs(segment["start"].toDouble() * 16000 - static_cast<double>(row.speech_begin)) < 17);
    QVERIFY(std::abs(segment["end"].toDouble() * 16000 - static_cast<double>(row.speech_end)) < 17);
  }
  QCOMPARE(printed, segments.size());
  // What is done is there at once.
  QCOMPARE(transcribe(hearing() + QStringList{"--json", recording_}).out, outcome.out);
}

void TranscribeCommandTest::a_video_is_heard_too() {
  const QString video = recordings_.filePath("talk.mkv");
  spoken::output_of("ffmpeg", {"-loglevel", "error", "-y", "-f", "lavfi", "-i", "color=c=gray:s=64x64:r=5", "-i",
                               recording_, "-shortest", "-c:v", "mjpeg", "-c:a", "flac", video});
  const Outcome sound = transcribe(hearing() + QStringList{"--json", recording_});
  const Outcome film = transcribe(hearing() + QStringList{"--json", video});
  QCOMPARE(film.status, 0);
  QCOMPARE(film.segments().size(), sound.segments().size());
}

void TranscribeCommandTest::a_killed_process_is_taken_up_where_it_was() {
  {
    QProcess process;
    process.start(QStringLiteral(FACET_PROGRAM), words(hearing() + QStringList{recording_}));
    while (stored_segments() == 0 && process.state() != QProcess::NotRunning)
      QTest::qWait(5);
    process.kill();
    process.waitForFinished();
  }
  const std::size_t before = stored_segments();
  QVERIFY(before >= 1);
  const Outcome resumed = transcribe(hearing() + QStringList{"--json", recording_});
  QCOMPARE(resumed.status, 0);
  QVERIFY(stored_segments() >= before);
  const Outcome anew = transcribe(hearing() + QStringList{"--json", "--again", recording_});
  QCOMPARE(resumed.out, anew.out);
}

void TranscribeCommandTest::a_file_gets_the_format_of_its_name() {
  for (const char* extension : {"txt", "srt", "vtt", "json", "md"}) {
    const QString out = folder_->filePath(QString("out.") + extension);
    const Outcome outcome = transcribe(hearing() + QStringList{recording_, "-o", out});
    QVERIFY2(outcome.status == 0 && outcome.out.isEmpty(), outcome.err.constData());
    QFile file(out);
    QVERIFY(file.open(QIODevice::ReadOnly));
    if (QLatin1String(extension) == "vtt") QVERIFY(file.readAll().startsWith("WEBVTT"));
    if (QLatin1String(extension) == "json") QVERIFY(QJsonDocument::fromJson(file.readAll()).isObject());
  }
}

void TranscribeCommandTest::a_model_that_can_not_hear_says_so() {
  const Outcome outcome = transcribe({"--model", QStringLiteral(FACET_TEST_DATA "/models/dense-f32.gguf"), recording_});
  QCOMPARE(outcome.status, 1);
  QVERIFY2(outcome.err.contains("can not hear"), outcome.err.constData());
  QCOMPARE(outcome.err.trimmed().count('\n'), 0);
}

void TranscribeCommandTest::wrong_usage_is_refused() {
  QCOMPARE(transcribe({}).status, 2);
  QCOMPARE(transcribe({recording_, recording_}).status, 2);
  const Outcome format = transcribe({recording_, "-o", "out.docx"});
  QCOMPARE(format.status, 2);
  QVERIFY(format.err.contains(".srt"));
  const Outcome missing = transcribe({"/nowhere.wav"});
  QCOMPARE(missing.status, 1);
  QVERIFY(missing.err.contains("/nowhere.wav"));
}

void TranscribeCommandTest::files_that_are_no_recordings_are_one_sentence() {
  QFile text(folder_->filePath("notes.wav"));
  QVERIFY(text.open(QIODevice::WriteOnly) && text.write("These are notes and no sound.") > 0);
  text.close();
  const Outcome outcome = transcribe(hearing() + QStringList{text.fileName()});
  QCOMPARE(outcome.status, 1);
  QVERIFY2(outcome.err.contains("notes.wav"), outcome.err.constData());
  QCOMPARE(outcome.err.trimmed().count('\n'), 0);
}

QTEST_GUILESS_MAIN(TranscribeCommandTest)
#include "transcribe_command_test.moc"
