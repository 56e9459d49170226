// Transcripts as files. What another program, ffprobe, reads out of them is what was put in.
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include "agent/meeting/captions.h"
#include "agent/meeting/export.h"

using namespace facet::agent;

namespace {

constexpr std::int64_t kRate = 16000;

Segment segment(double begin, double end, const std::string& text) {
  Segment made;
  made.begin = made.speech_begin = static_cast<std::int64_t>(begin * kRate);
  made.end = made.speech_end = static_cast<std::int64_t>(end * kRate);
  made.text = text;
  return made;
}

const std::vector<Segment>& segments() {
  static const std::vector<Segment> all = [] {
    std::vector<Segment> made = {
        segment(0.5, 4.25, "Good morning. Let us begin."), segment(10, 16, ""),
        segment(61, 80,
                "The first point is the budget: 1 < 2 & 3 > 2, so <b>we</b> --> agree on it. "
                "The second point is longer than any two lines of a caption could ever be, and it is said "
                "by one person without a stop from the beginning to the end."),
        segment(3725.123, 3731.5, "Größe, naïve, 你好世界。"), segment(3740, 3745, "go go go")};
    made[0].speaker = "Anna";
    made[0].language = "English";
    made[4].remark = SegmentRemark::Repeated;
    return made;
  }();
  return all;
}

Transcript transcript() {
  Transcript made;
  made.title = "Board *meeting*";
  made.name = "board.mp4";
  made.model = "Gemma 4 E2B";
  made.duration_ms = 3'750'000;
  return made;
}

QString exported(TranscriptFormat format) {
  return QString::fromStdString(export_transcript(transcript(), segments(), format));
}

struct Cue {
  double begin = 0;
  double end = 0;
};

// The cues that ffprobe finds, and their texts as ffmpeg writes them down again.
struct Read {
  std::vector<Cue> cues;
  QString text;
};

QByteArray run(const QString& program, const QStringList& arguments) {
  QProcess process;
  process.start(program, arguments);
  if (!process.waitForFinished(60'000) || process.exitCode() != 0)
    qFatal("%s: %s", qPrintable(program), process.readAllStandardError().constData());
  return process.readAllStandardOutput();
}

Read read_back(TranscriptFormat format, const char* extension) {
  const QTemporaryDir folder;
  const QString path = folder.filePath(QString("transcript.") + extension);
  QFile file(path);
  if (!file.open(QIODevice::WriteOnly)) qFatal("no file");
  file.write(exported(format).toUtf8());
  file.close();
  Read read;
  const QByteArray packets =
      run("ffprobe", {"-v", "error", "-show_entries", "packet=pts_time,duration_time", "-of", "json", path});
  for (const QJsonValue& packet : QJsonDocument::fromJson(packets)["packets"].toArray()) {
    const double begin = packet["pts_time"].toString().toDouble();
    read.cues.push_back({begin, begin + packet["duration_time"].toString().toDouble()});
  }
  read.text = QString::fromUtf8(run("ffmpeg", {"-v", "error", "-i", path, "-f", "srt", "-"}));
  return read;
}

}  // namespace

class TranscriptExportTest : public QObject {
  Q_OBJECT

 private slots:
  void formats_go_by_extensions();
  void captions_fit_the_screen();
  void other_programs_read_captions_data();
  void other_programs_read_captions();
  void json_has_seconds();
  void text_has_times();
  void markdown_means_itself();
  void nothing_is_a_file_too();
};

void TranscriptExportTest::formats_go_by_extensions() {
  QCOMPARE(transcript_format("txt"), TranscriptFormat::Text);
  QCOMPARE(transcript_format("srt"), TranscriptFormat::Srt);
  QCOMPARE(transcript_format("vtt"), TranscriptFormat::Vtt);
  QCOMPARE(transcript_format("json"), TranscriptFormat::JsonFile);
  QCOMPARE(transcript_format("md"), TranscriptFormat::Markdown);
  QVERIFY(!transcript_format("docx") && !transcript_format(""));
}

// Nothing is lost, no line is too long, and times follow each other within the speech.
void TranscriptExportTest::captions_fit_the_screen() {
  const std::string endless(300, 'x');
  const std::vector<Segment> spoken = {segment(1, 21, segments()[2].text), segment(30, 40, endless)};
  for (std::size_t i = 0; i < spoken.size(); ++i) {
    const auto captions = captions_of(std::span(spoken).subspan(i, 1));
    QString joined;
    std::int64_t end = spoken[i].speech_begin * 1000 / kRate;
    for (const Caption& caption : captions) {
      QVERIFY(caption.lines.size() == 1 || caption.lines.size() == 2);
      for (const std::string& line : caption.lines) {
        QVERIFY(QString::fromStdString(line).size() <= 42);
        joined += QString::fromStdString(line);
      }
      QCOMPARE(caption.begin_ms, end);
      QVERIFY(caption.end_ms > caption.begin_ms);
      end = caption.end_ms;
    }
    QCOMPARE(end, spoken[i].speech_end * 1000 / kRate);
    QCOMPARE(joined.remove(' '), QString::fromStdString(spoken[i].text).remove(' '));
  }
}

void TranscriptExportTest::other_programs_read_captions_data() {
  QTest::addColumn<QString>("extension");
  QTest::newRow("srt") << "srt";
  QTest::newRow("vtt") << "vtt";
}

void TranscriptExportTest::other_programs_read_captions() {
  QFETCH(QString, extension);
  const Read read = read_back(*transcript_format(extension.toStdString()), qPrintable(extension));
  const auto captions = captions_of(segments());
  QCOMPARE(read.cues.size(), captions.size());
  for (std::size_t i = 0; i < captions.size(); ++i) {
    QVERIFY(std::abs(read.cues[i].begin * 1000 - static_cast<double>(captions[i].begin_ms)) < 1);
    QVERIFY(std::abs(read.cues[i].end * 1000 - static_cast<double>(captions[i].end_ms)) < 1);
    for (const std::string& line : captions[i].lines) {
      const QString plain = QString::fromStdString(line);
      if (!plain.contains('<') && !plain.contains('>')) QVERIFY2(read.text.contains(plain), qPrintable(read.text));
    }
  }
  QVERIFY(read.text.contains("01:02:05,123 -->"));
}

void TranscriptExportTest::json_has_seconds() {
  const QJsonObject whole = QJsonDocument::fromJson(exported(TranscriptFormat::JsonFile).toUtf8()).object();
  QCOMPARE(whole.keys(), QStringList{"segments"});
  const QJsonArray list = whole["segments"].toArray();
  QCOMPARE(list.size(), 4);
  const QJsonObject first = list[0].toObject();
  QCOMPARE(first.keys(), (QStringList{"end", "language", "speaker", "start", "text"}));
  QCOMPARE(first["start"].toDouble(), 0.5);
  QCOMPARE(first["end"].toDouble(), 4.25);
  QCOMPARE(first["text"].toString(), QString("Good morning. Let us begin."));
  QCOMPARE(first["speaker"].toString(), QString("Anna"));
  QCOMPARE(first["language"].toString(), QString("English"));
  QVERIFY(list[1].toObject()["speaker"].isNull());
  QCOMPARE(list[2].toObject()["start"].toDouble(), 3725.123);
}

void TranscriptExportTest::text_has_times() {
  const QStringList lines = exported(TranscriptFormat::Text).split('\n');
  QCOMPARE(lines.size(), 5);
  QCOMPARE(lines[0], QString("[0:00:00] Anna: Good morning. Let us begin."));
  QVERIFY(lines[1].startsWith("[0:01:01] The first point"));
  QCOMPARE(lines[3], QString("[1:02:20] go go go [unsure]"));
}

void TranscriptExportTest::markdown_means_itself() {
  const QString text = exported(TranscriptFormat::Markdown);
  QVERIFY(text.startsWith("# Board \\*meeting\\*\n\nboard.mp4, 1:02:30, transcribed by Gemma 4 E2B\n"));
  QVERIFY(text.contains("\n**0:01:01** The first point is the budget: 1 \\< 2 \\& 3 \\> 2, so \\<b\\>we"));
}

void TranscriptExportTest::nothing_is_a_file_too() {
  QCOMPARE(export_transcript(transcript(), {}, TranscriptFormat::Text), std::string());
  QCOMPARE(export_transcript(transcript(), {}, TranscriptFormat::Vtt), std::string("WEBVTT\n\n"));
  QVERIFY(QJsonDocument::fromJson(
              QByteArray::fromStdString(export_transcript(transcript(), {}, TranscriptFormat::JsonFile)))["segments"]
              .isArray());
}

QTEST_GUILESS_MAIN(TranscriptExportTest)
#include "transcript_export_test.moc"
