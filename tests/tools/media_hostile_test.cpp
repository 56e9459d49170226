#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtTest>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <thread>

#include "media_fixture.h"

using namespace facet;
using namespace facet::tools::media;

namespace {

QString message_of(const auto& result) {
  return result.ok() ? QString() : QString::fromStdString(result.error().message);
}

// One sentence for a person: with the file's name, and without line breaks.
bool is_sentence(const QString& message, const QString& name) {
  return message.contains("'" + name + "'") && message.endsWith('.') && !message.contains('\n');
}

bool has_child() {
  return waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD;
}

int open_descriptors() {
  return static_cast<int>(
      QDir("/proc/self/fd").entryList(QDir::NoDotAndDotDot | QDir::System | QDir::AllEntries).size());
}

QByteArray big(std::uint32_t value, int bytes) {
  QByteArray text;
  for (int i = bytes - 1; i >= 0; --i)
    text.append(static_cast<char>(value >> 8 * i));
  return text;
}

QByteArray little(std::uint32_t value, int bytes) {
  QByteArray text = big(value, bytes);
  std::reverse(text.begin(), text.end());
  return text;
}

template <typename T>
QByteArray message(MessageKind kind, const T& body) {
  const MessageHeader header{static_cast<std::uint32_t>(kind), sizeof body};
  return QByteArray(reinterpret_cast<const char*>(&header), sizeof header) +
         QByteArray(reinterpret_cast<const char*>(&body), sizeof body);
}

QByteArray message(MessageKind kind, const QByteArray& body) {
  return little(static_cast<std::uint32_t>(kind), 4) + little(static_cast<std::uint32_t>(body.size()), 4) + body;
}

// The same numbers on every machine and in every run.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed * 2862933555777941757U + 3037000493U) {}
  std::uint32_t below(std::uint64_t limit) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>((state_ >> 33U) % std::max<std::uint64_t>(limit, 1));
  }

 private:
  std::uint64_t state_;
};

QByteArray mutated(QByteArray bytes, std::uint64_t seed) {
  Chance chance(seed);
  const auto place = [&] { return static_cast<qsizetype>(chance.below(static_cast<std::uint64_t>(bytes.size()))); };
  switch (chance.below(5)) {
    case 0:
      return bytes.left(place() + 1);
    case 1: {  // a stretch of zeros or ones
      const char value = chance.below(2) == 0 ? '\0' : '\xff';
      const qsizetype from = place();
      return bytes.replace(from, qsizetype{1} + chance.below(64), QByteArray(1 + chance.below(64), value));
    }
    case 2:
      return bytes.insert(place(), bytes.mid(place(), qsizetype{1} + chance.below(512)));
    case 3:
      return bytes.remove(place(), qsizetype{1} + chance.below(32));
    default:
      break;
  }
  // Most of what a format says is said at the beginning.
  for (std::uint32_t i = 0, count = 1 + chance.below(24); i < count; ++i) {
    const qsizetype at = chance.below(2) == 0 ? place() % 256 : place();
    bytes[at % bytes.size()] = static_cast<char>(chance.below(256));
  }
  return bytes;
}

}  // namespace

class MediaHostileTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    QVERIFY(folder_.make_pictures());
    const char* tone = "-f lavfi -i sine=440:sample_rate=16000:duration=0.4 ";
    const char* film = "-f lavfi -i testsrc=size=64x48:rate=10:duration=0.5 ";
    for (const char* name : {"tone.mp3", "tone.m4a", "tone.flac", "tone.ogg", "tone.opus", "tone.wav", "tone.aiff"})
      QVERIFY(folder_.ffmpeg(QString(tone) + name));
    for (const char* output : {"-c:v libx264 -pix_fmt yuv420p -c:a aac film.mp4", "-c:v mpeg4 -c:a mp3 film.avi",
                               "-c:v libvpx -c:a libvorbis film.webm", "-c:v libx264 -c:a aac film.mkv",
                               "-c:v mpeg2video -c:a mp2 film.ts", "-c:v libx265 -pix_fmt yuv420p -c:a aac film.mov"})
      QVERIFY(folder_.ffmpeg(QString(film) + tone + output));
    QVERIFY(folder_.ffmpeg(QString(film) + "-frames:v 1 -c:v libaom-av1 -still-picture 1 still.avif"));
    descriptors_ = open_descriptors();
  }

  // After everything: nothing that was started is left.
  void cleanup() {
    QVERIFY(!has_child());
    QCOMPARE(open_descriptors(), descriptors_);
  }

  // The program has tried it, behind its own walls.
  void can_do_nothing_but_decode() {
    const auto confinement = test::reader().confinement();
    QVERIFY2(confinement.ok(), qPrintable(message_of(confinement)));
    QCOMPARE(confinement->opens_files, 0U);
    QCOMPARE(confinement->opens_sockets, 0U);
    QCOMPARE(confinement->starts_programs, 0U);
    QCOMPARE(confinement->signals_others, 0U);
    QCOMPARE(confinement->most_descriptors, 4U);
  }

  void says_what_is_wrong_with_a_file() {
    folder_.write("empty.png", "");
    folder_.write("notes.txt", "Nothing but words, and many of them, so that it looks like no other format at all.\n");
    QVERIFY(QDir().mkpath(folder_.path("pictures")));
    QVERIFY(mkfifo(folder_.path("pipe.wav").toUtf8().constData(), 0600) == 0);
    const auto opened = [&](const char* name) { return message_of(MediaFile::open(folder_.path(name).toStdString())); };
    QCOMPARE(opened("empty.png"), QString("'empty.png' is empty; choose another file."));
    QCOMPARE(opened("pictures"), QString("'pictures' is a folder; choose a file in it."));
    QCOMPARE(opened("pipe.wav"), QString("'pipe.wav' is no file but a device or a pipe; choose a file."));
    QCOMPARE(opened("none.png"), "There is no file '" + folder_.path("none.png") + "'.");

    const MediaReader reader = test::reader();
    QCOMPARE(message_of(reader.picture(folder_.open("notes.txt"))),
             QString("'notes.txt' is damaged, or no picture, sound or video that Facet knows; choose another file."));
    QCOMPARE(message_of(reader.picture(folder_.open("tone.mp3"))),
             QString("'tone.mp3' is no picture but sound or video; attach it as that."));
    QCOMPARE(message_of(reader.sound(folder_.open("rgb.png"))),
             QString("There is no sound in 'rgb.png'; choose another file."));
    QCOMPARE(message_of(reader.frames(folder_.open("tone.wav"))),
             QString("There is no video in 'tone.wav'; choose another file."));
    QCOMPARE(message_of(reader.frames(folder_.open("sampled-2.jpg"))),
             QString("There is no video in 'sampled-2.jpg'; choose another file."));
    folder_.write("cut.png", folder_.read("rgb.png").left(60));
    QCOMPARE(message_of(reader.picture(folder_.open("cut.png"))),
             QString("'cut.png' is damaged and can not be decoded; try another copy of it."));
  }

  // What is there is shown, and that it is not all.
  void shows_what_is_left_of_a_picture() {
    const QByteArray whole = folder_.read("sampled-0.jpg");
    folder_.write("half.jpg", whole.left(whole.size() * 2 / 3));
    const auto picture = test::reader().picture(folder_.open("half.jpg"));
    QVERIFY2(picture.ok(), qPrintable(message_of(picture)));
    QVERIFY(picture->is_damaged);
    const std::size_t rows = std::size_t{97} * 3 * 10;
    const std::vector<std::uint8_t> top(picture->image.pixels.begin(), picture->image.pixels.begin() + rows);
    QVERIFY(test::difference(top, folder_.read("sampled-0.jpg.rgb")).most <= 4);
  }

  void believes_no_name() {
    QVERIFY(QFile::copy(folder_.path("rgb.png"), folder_.path("picture.mp3")));
    QVERIFY(QFile::copy(folder_.path("tone.wav"), folder_.path("sound.jpg")));
    QVERIFY(test::reader().picture(folder_.open("picture.mp3")).ok());
    QVERIFY(test::reader().sound(folder_.open("sound.jpg")).ok());
  }

  void refuses_claimed_sizes_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("size");
    const QByteArray png = "\x89PNG\r\n\x1a\n" + big(13, 4) + "IHDR" + big(40000, 4) + big(40000, 4) +
                           QByteArray("\x08\x02\x00\x00\x00", 5) + big(0, 4);
    QTest::newRow("png") << png << "40000 x 40000";
    const QByteArray jpeg = QByteArray("\xff\xd8\xff\xc0", 4) + big(17, 2) + "\x08" + big(40000, 2) + big(50000, 2) +
                            QByteArray("\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00", 10);
    QTest::newRow("jpeg") << jpeg << "50000 x 40000";
    QTest::newRow("gif") << QByteArray("GIF89a") + little(65535, 2) + little(65535, 2) + QByteArray(30, '\0')
                         << "65535 x 65535";
    QTest::newRow("bmp") << "BM" + QByteArray(12, '\0') + little(40, 4) + little(40000, 4) + little(40000, 4) +
                                QByteArray(60, '\0')
                         << "40000 x 40000";
    QTest::newRow("webp") << "RIFF" + little(30, 4) + "WEBPVP8X" + little(10, 4) + little(0, 4) + little(39999, 3) +
                                 little(39999, 3)
                          << "40000 x 40000";
    QTest::newRow("tiff") << QByteArray("II*\0", 4) + little(8, 4) + little(2, 2) + little(0x100, 2) + little(4, 2) +
                                 little(1, 4) + little(40000, 4) + little(0x101, 2) + little(4, 2) + little(1, 4) +
                                 little(40000, 4) + little(0, 4)
                          << "40000 x 40000";
    QTest::newRow("qoi") << "qoif" + big(40000, 4) + big(40000, 4) + QByteArray(20, '\0') << "40000 x 40000";
    // The size stands in text, and only the decoder finds it.
    QTest::newRow("ppm") << QByteArray("P6\n16384 16385\n255\n") + QByteArray(64, 'x') << "16384 x 16385";
  }
  void refuses_claimed_sizes() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, size);
    folder_.write("huge.bin", bytes);
    const QString message = message_of(test::reader().picture(folder_.open("huge.bin")));
    QVERIFY2(message.contains(size) || message.contains("damaged"), qPrintable(message));
    QVERIFY2(is_sentence(message, "huge.bin"), qPrintable(message));
    if (QTest::currentDataTag() != QByteArray("ppm")) QVERIFY2(message.contains(size), qPrintable(message));
  }

  // Every result is a valid one or a sentence, whatever the bytes.
  void survives_mutations_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"rgb.png",       "palette.png",   "sampled-2.jpg", "progressive.jpg", "lossy.webp",
                             "lossless.webp", "animated.webp", "animated.gif",  "palette.bmp",     "lzw.tiff",
                             "fax.tiff",      "still.avif",    "tone.mp3",      "tone.m4a",        "tone.flac",
                             "tone.ogg",      "tone.opus",     "tone.wav",      "tone.aiff",       "film.mp4",
                             "film.avi",      "film.webm",     "film.mkv",      "film.ts",         "film.mov"})
      QTest::newRow(name) << name;
  }
  void survives_mutations() {
    QFETCH(QString, name);
    constexpr std::uint64_t kMutations = 10;
    const QByteArray whole = folder_.read(name);
    for (std::uint64_t i = 0; i < kMutations; ++i) {
      folder_.write("mutated.bin", mutated(whole, qHash(name, 7) % 1000 * 100 + i));
      const MediaFile file = folder_.open("mutated.bin");
      check_facts(test::reader().describe(file));
      if (name.startsWith("tone")) check_sound(test::reader().sound(file));
      if (name.startsWith("film")) {
        check_sound(test::reader().sound(file));
        check_frames(file);
      }
      if (!name.startsWith("tone") && !name.startsWith("film")) check_picture(test::reader().picture(file));
      QVERIFY2(!QTest::currentTestFailed(), qPrintable(QString("mutation %1").arg(i)));
    }
  }

  // Files that name others: nothing is opened, neither beside them nor in the network.
  void opens_nothing_that_a_file_names_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("playlist") << "list.m3u8"
                              << QByteArray(
                                     "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n%FILE\n"
                                     "#EXTINF:10,\nhttp://127.0.0.1:%PORT/a.ts\n#EXT-X-ENDLIST\n");
    QTest::newRow("concat") << "list.ffconcat"
                            << QByteArray("ffconcat version 1.0\nfile %FILE\nfile http://127.0.0.1:%PORT/a\n");
    QTest::newRow("session") << "stream.sdp"
                             << QByteArray(
                                    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                                    "m=audio %PORT RTP/AVP 0\n");
    QTest::newRow("vector picture")
        << "a.svg"
        << QByteArray(
               "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>"
               "<image xlink:href='http://127.0.0.1:%PORT/a.png'/></svg>");
    QTest::newRow("dash")
        << "a.mpd"
        << QByteArray(
               "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static'><Period>"
               "<AdaptationSet><Representation id='1' bandwidth='1'><BaseURL>http://127.0.0.1:%PORT/</BaseURL>"
               "</Representation></AdaptationSet></Period></MPD>");
  }
  void opens_nothing_that_a_file_names() {
    QFETCH(QString, name);
    QFETCH(QByteArray, text);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    QVERIFY(bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0 && listen(listener, 4) == 0);
    QVERIFY(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    text.replace("%PORT", QByteArray::number(ntohs(address.sin_port)));
    text.replace("%FILE", folder_.path("tone.wav").toUtf8());
    folder_.write(name, text);
    const QString refusal =
        "'" + name + "' is damaged, or no picture, sound or video that Facet knows; choose another file.";
    QCOMPARE(message_of(test::reader().sound(folder_.open(name))), refusal);
    QCOMPARE(message_of(test::reader().picture(folder_.open(name))), refusal);
    QCOMPARE(message_of(test::reader().frames(folder_.open(name))), refusal);
    pollfd wait{listener, POLLIN, 0};
    QCOMPARE(poll(&wait, 1, 0), 0);
    ::close(listener);
  }

  // Limits of the real program.
  void ends_what_takes_too_much() {
    QVERIFY(folder_.ffmpeg("-f lavfi -i anullsrc=r=16000:cl=mono:d=14400 -c:a flac -compression_level 0 long.flac"));
    MediaLimits hasty = kRecordingLimits;
    hasty.cpu_seconds = 1;
    const auto slow = read_all(MediaReader(test::media_program().toStdString(), kPictureLimits, hasty));
    QCOMPARE(QString::fromStdString(slow.message),
             QString("'long.flac' took too long to decode; it may be damaged, or too large for this machine."));
#ifndef __SANITIZE_ADDRESS__
    MediaLimits poor = kRecordingLimits;
    poor.memory_bytes = 3U << 20U;
    const auto large = read_all(MediaReader(test::media_program().toStdString(), kPictureLimits, poor));
    QCOMPARE(QString::fromStdString(large.message),
             QString("'long.flac' takes too much memory to decode; save it smaller and try again."));
#endif
  }

  // Programs that say they are facet-media, as it might become when a file takes it over.
  void believes_no_program_data() {
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<QString>("task");
    const auto row = [](const char* name, const char* task, const QByteArray& answer) {
      QTest::newRow(name) << answer << task;
    };
    const ImageMessage image{2, 2, 0, 0, 0};
    FactsMessage facts;
    facts.kind = static_cast<std::uint32_t>(MediaKind::Sound);
    const QByteArray head = message(MessageKind::Facts, facts);
    const float none = std::nanf("");
    const auto progress = [](double part) { return message(MessageKind::Progress, ProgressMessage{part}); };
    row("nothing", "picture", "");
    row("half a header", "picture", "abc");
    row("an unknown kind", "picture", little(77, 4) + little(0, 4));
    row("a message of 4 GB", "picture", little(4, 4) + little(0xffffffffU, 4));
    row("another message", "picture", head);
    row("a size of nothing", "picture", message(MessageKind::Image, ImageMessage{0, 5, 0, 0, 0}));
    row("a size beyond the limit", "picture", message(MessageKind::Image, ImageMessage{65535, 65535, 0, 0, 0}));
    row("too few pixels", "picture",
        message(MessageKind::Image, image) + message(MessageKind::Pixels, QByteArray(11, 'x')));
    row("too many pixels", "picture",
        message(MessageKind::Image, image) + message(MessageKind::Pixels, QByteArray(13, 'x')));
    row("no pixels", "picture", message(MessageKind::Image, image) + message(MessageKind::Pixels, QByteArray()));
    row("no end", "picture", message(MessageKind::Image, image) + message(MessageKind::Pixels, QByteArray(12, 'x')));
    row("a short failure", "picture", message(MessageKind::Failure, QByteArray("x")));
    row("an unknown failure", "picture",
        message(MessageKind::Failure, FailureMessage{static_cast<Failure>(4711), 0, 0, 0, {}}));
    row("an unknown kind of file", "describe", message(MessageKind::Facts, FactsMessage{9, 0, 0, 0, 0, {}}));
    row("sound without facts", "sound", message(MessageKind::Samples, 0.5F));
    row("a sample that is none", "sound", head + message(MessageKind::Samples, none));
    row("a sample beyond the loudest", "sound", head + message(MessageKind::Samples, 1.5F));
    row("a part of a sample", "sound", head + message(MessageKind::Samples, QByteArray("xyz")));
    row("no samples at all", "sound", head + message(MessageKind::Samples, QByteArray()));
    row("progress backwards", "sound", head + progress(0.5) + progress(0.4));
    row("progress without end", "sound", head + progress(0.5) + progress(0.5));
    row("progress that is no number", "sound", head + progress(std::nan("")));
    row("pixels instead of sound", "sound", head + message(MessageKind::Pixels, QByteArray(12, 'x')));
    row("more frames than wanted", "frames",
        head + (message(MessageKind::Image, image) + message(MessageKind::Pixels, QByteArray(12, 'x'))).repeated(3));
    row("a frame at no time", "frames", head + message(MessageKind::Image, ImageMessage{2, 2, 0, 0, std::nan("")}));
  }
  void believes_no_program() {
    QFETCH(QByteArray, answer);
    QFETCH(QString, task);
    folder_.write("answer.bin", answer);
    const MediaReader reader = pretender("cat " + folder_.path("answer.bin") + " >&3\n");
    const QString message = outcome(reader, task);
    QCOMPARE(message, QString("'rgb.png' made the decoder answer nonsense, which was discarded; the file is probably "
                              "damaged, so try another copy of it."));
  }

  void outlives_a_crash() {
    QCOMPARE(
        outcome(pretender("kill -SEGV $$\n"), "picture"),
        QString("'rgb.png' made the decoder crash, which did no harm; the file is probably damaged, so try another "
                "copy of it."));
    QCOMPARE(outcome(pretender("kill -KILL $$\n"), "picture"),
             QString("The system ended the decoder of 'rgb.png', probably for lack of memory; close other programs and "
                     "try again."));
    QCOMPARE(outcome(pretender("cat /dev/zero >&3\n"), "picture").left(9), QString("'rgb.png'"));
  }

  void waits_for_nobody() {
    MediaLimits impatient = kPictureLimits;
    impatient.silence = std::chrono::milliseconds(200);
    const MediaReader reader = pretender("exec sleep 600\n", impatient);
    QCOMPARE(outcome(reader, "picture"),
             QString("'rgb.png' took too long to decode; it may be damaged, or too large for this machine."));
  }

  // The program sleeps for ten minutes; what ends the call is the stop.
  void stops_at_once() {
    const MediaReader reader = pretender("echo $$ > " + folder_.path("pid") + "\nexec sleep 600\n");
    std::stop_source stop;
    std::thread stopper([&] {
      while (!QFile::exists(folder_.path("pid")))
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      stop.request_stop();
    });
    QElapsedTimer clock;
    clock.start();
    const auto picture = reader.picture(folder_.open("rgb.png"), stop.get_token());
    stopper.join();
    QVERIFY(!picture.ok());
    QCOMPARE(picture.error().code, Error::Code::Stopped);
    QCOMPARE(message_of(picture), QString("Decoding 'rgb.png' was stopped."));
    QVERIFY(clock.elapsed() < 60'000);
    const int process = folder_.read("pid").trimmed().toInt();
    QVERIFY(process > 0 && kill(process, 0) != 0 && errno == ESRCH);
  }

  // Beside Facet in a build; where the installation puts it, that one.
  void finds_its_program() {
    QVERIFY(QDir().mkpath(folder_.path("usr/bin")) && QDir().mkpath(folder_.path("usr/libexec/facet")));
    const std::string bin = folder_.path("usr/bin").toStdString();
    QCOMPARE(QString::fromStdString(find_media_program(bin).string()), folder_.path("usr/bin/facet-media"));
    folder_.write("usr/libexec/facet/facet-media", "program");
    QCOMPARE(QString::fromStdString(find_media_program(bin).string()), folder_.path("usr/libexec/facet/facet-media"));
  }

  void says_when_the_program_is_missing() {
    const MediaReader reader("/nowhere/facet-media");
    QVERIFY(message_of(reader.picture(folder_.open("rgb.png"))).contains("can not be started"));
  }

 private:
  // `script` in place of facet-media.
  MediaReader pretender(const QString& script, const MediaLimits& limits = kPictureLimits) {
    folder_.write("pretender", "#!/bin/sh\n" + script.toUtf8());
    QFile::setPermissions(folder_.path("pretender"), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    return MediaReader(folder_.path("pretender").toStdString(), limits, limits);
  }

  QString outcome(const MediaReader& reader, const QString& task) {
    const MediaFile file = folder_.open("rgb.png");
    if (task == "picture") return message_of(reader.picture(file));
    if (task == "describe") return message_of(reader.describe(file));
    if (task == "sound") return message_of(reader.sound(file));
    const auto frames = reader.frames(file, {}, 2);
    if (!frames.ok()) return message_of(frames);
    while (true) {
      const auto frame = (*frames)->next();
      if (!frame.ok()) return message_of(frame);
      if (!*frame) return {};
    }
  }

  Error read_all(const MediaReader& reader) {
    const auto stream = reader.sound_stream(folder_.open("long.flac"));
    if (!stream.ok()) return stream.error();
    std::vector<float> piece(engine::kSampleRate * 10);
    while (true) {
      const auto count = (*stream)->read(piece);
      if (!count.ok()) return count.error();
      if (*count == 0) return {};
    }
  }

  static void check_facts(const Result<MediaFacts>& facts) {
    if (!facts.ok()) QVERIFY2(is_sentence(message_of(facts), "mutated.bin"), qPrintable(message_of(facts)));
  }
  static void check_picture(const Result<Picture>& picture) {
    if (!picture.ok())
      QVERIFY2(is_sentence(message_of(picture), "mutated.bin"), qPrintable(message_of(picture)));
    else
      QVERIFY(engine::check(picture->image).ok());
  }
  static void check_sound(const Result<engine::PcmAudio>& sound) {
    // The engine's own sentence on a sound that is too long names no file.
    if (!sound.ok())
      QVERIFY2(is_sentence(message_of(sound), "mutated.bin") || message_of(sound).startsWith("This sound"),
               qPrintable(message_of(sound)));
    else
      QVERIFY(engine::check(*sound).ok());
  }
  static void check_frames(const MediaFile& file) {
    const auto frames = test::reader().frames(file);
    if (!frames.ok()) {
      QVERIFY2(is_sentence(message_of(frames), "mutated.bin"), qPrintable(message_of(frames)));
      return;
    }
    while (true) {
      const auto frame = (*frames)->next();
      if (!frame.ok()) QVERIFY2(is_sentence(message_of(frame), "mutated.bin"), qPrintable(message_of(frame)));
      if (!frame.ok() || !*frame) return;
      QVERIFY(engine::check((*frame)->image).ok());
      QVERIFY(std::isfinite((*frame)->seconds) && (*frame)->seconds >= 0);
    }
  }

  test::MediaFolder folder_;
  int descriptors_ = 0;
};

QTEST_GUILESS_MAIN(MediaHostileTest)
#include "media_hostile_test.moc"
