#include <QtTest>
#include <algorithm>
#include <cmath>

#include "media_fixture.h"

using namespace facet;
using namespace facet::tools::media;

namespace {

// A film that the ffmpeg tool makes, whose nth frame is grey of level n modulo 200 above black, so that each says which
// one it is.
QString numbered(int frames, int rate) {
  return QString("-f lavfi -i color=black:s=64x48:r=%2,geq=lum='16+mod(N\\,200)':cb=128:cr=128 -frames:v %1 ")
      .arg(frames)
      .arg(rate);
}

// Which of them a frame is, modulo 200, from the middle of the picture.
double number_of(const engine::RgbImage& image) {
  const std::size_t middle = (image.height / 2 * std::size_t{image.width} + image.width / 2) * 3;
  return image.pixels[middle] * 219.0 / 255.0;
}

struct Film {
  std::vector<VideoFrame> frames;
  MediaFacts facts;
  bool is_damaged = false;
};

}  // namespace

class MediaVideoTest : public QObject {
  Q_OBJECT

 private slots:
  void samples_frames_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("options");
    QTest::addColumn<int>("frames");
    QTest::addColumn<int>("rate");
    const auto row = [](const char* name, const char* options, int frames, int rate) {
      QTest::newRow(qPrintable(QString("%1, %2 frames").arg(name).arg(frames))) << name << options << frames << rate;
    };
    row("b-frames.mp4", "-c:v libx264 -bf 3 -crf 10", 100, 25);
    row("a.mov", "-c:v libx265 -crf 8 -x265-params log-level=none", 100, 25);
    row("a.mkv", "-c:v ffv1", 100, 25);
    row("a.webm", "-c:v libvpx-vp9 -crf 8 -b:v 0", 100, 25);
    row("av1.mkv", "-c:v libaom-av1 -cpu-used 8 -crf 15", 40, 25);
    row("vp8.webm", "-c:v libvpx -crf 4 -b:v 2M", 100, 25);
    row("a.avi", "-c:v mpeg4 -q:v 1", 100, 25);
    row("b-frames.avi", "-c:v mpeg4 -bf 2 -q:v 1", 100, 25);
    row("a.ts", "-c:v mpeg2video -q:v 1", 100, 25);
    row("a.mpg", "-c:v mpeg2video -bf 2 -q:v 1", 100, 25);
    row("a.flv", "-c:v flv1 -q:v 1", 100, 25);
    row("a.wmv", "-c:v wmv2 -q:v 1", 100, 25);
    row("raw.h264", "-c:v libx264 -bf 0 -crf 10", 100, 25);
    row("few.mp4", "-c:v libx264 -crf 10", 7, 25);
    row("one.mp4", "-c:v libx264 -crf 10", 1, 25);
    row("slow.mp4", "-c:v libx264 -crf 10", 40, 1);
    // With jumps from one key frame to another.
    row("long.mp4", "-c:v libx264 -bf 3 -crf 10 -g 50", 3000, 5);
    row("long.mkv", "-c:v libx264 -bf 3 -crf 10 -g 50", 3000, 5);
    row("long.webm", "-c:v libvpx -crf 4 -b:v 2M -g 50", 1500, 5);
    row("long.avi", "-c:v mpeg4 -q:v 1 -g 50", 3000, 5);
    row("long.ts", "-c:v mpeg2video -q:v 1 -g 50", 1500, 25);
  }
  // Frame floor(i * count / 32), and the time at which the file shows it.
  void samples_frames() {
    QFETCH(QString, name);
    QFETCH(QString, options);
    QFETCH(int, frames);
    QFETCH(int, rate);
    QVERIFY(folder_.ffmpeg(numbered(frames, rate) + options + " -pix_fmt yuv420p " + name));
    const Film film = decoded(name);
    const int wanted = std::min(frames, 32);
    QCOMPARE(film.frames.size(), static_cast<std::size_t>(wanted));
    QVERIFY(!film.is_damaged);
    for (int i = 0; i < wanted; ++i) {
      const int place = static_cast<int>(std::int64_t{i} * frames / wanted);
      const VideoFrame& frame = film.frames[static_cast<std::size_t>(i)];
      QCOMPARE(frame.image.width, 64U);
      QCOMPARE(frame.image.height, 48U);
      const QString found = QString("frame %1 is %2 at %3").arg(place).arg(number_of(frame.image)).arg(frame.seconds);
      QVERIFY2(std::abs(number_of(frame.image) - place % 200) < 1.3, qPrintable(found));
      // AVI has times of decoding alone, and with frames that others are stored in front of, all are shown one later.
      const double shown = (place + (name == "b-frames.avi" ? 1.0 : 0.0)) / rate;
      QVERIFY2(std::abs(frame.seconds - shown) < 0.5 / rate, qPrintable(found));
    }
  }

  // Frames are counted as they come; each has the time that the file gives it.
  void keeps_irregular_times() {
    QVERIFY(
        folder_.ffmpeg(numbered(64, 25) +
                       "-vf setpts='if(lt(N\\,32)\\,N\\,32+(N-32)*10)/(25*TB)' -vsync vfr -c:v ffv1 irregular.mkv"));
    const Film film = decoded("irregular.mkv");
    QCOMPARE(film.frames.size(), std::size_t{32});
    for (std::size_t i = 0; i < 32; ++i) {
      const double place = static_cast<double>(2 * i);
      const double expected = (place < 32 ? place : 32 + (place - 32) * 10) / 25;
      QVERIFY(std::abs(number_of(film.frames[i].image) - place) < 1.3);
      QVERIFY(std::abs(film.frames[i].seconds - expected) < 0.002);
    }
  }

  void turns_as_the_file_says_data() {
    QTest::addColumn<int>("degrees");
    for (const int degrees : {0, 90, 180, 270})
      QTest::addRow("%d", degrees) << degrees;
  }
  // Compared with the ffmpeg tool, which turns the frames by itself.
  void turns_as_the_file_says() {
    QFETCH(int, degrees);
    QVERIFY(folder_.ffmpeg(
        "-f lavfi -i testsrc=size=96x64:rate=5:duration=1 -c:v libx264 -qp 0 -pix_fmt yuv444p upright.mp4"));
    QVERIFY(folder_.ffmpeg(QString("-i upright.mp4 -c copy -metadata:s:v rotate=%1 turned.mp4").arg(degrees)));
    QVERIFY(folder_.ffmpeg("-i turned.mp4 -frames:v 1 -f rawvideo -pix_fmt rgb24 turned.rgb"));
    const Film film = decoded("turned.mp4");
    const engine::RgbImage& image = film.frames.front().image;
    QCOMPARE(image.width, degrees % 180 == 0 ? 96U : 64U);
    QCOMPARE(image.height, degrees % 180 == 0 ? 64U : 96U);
    QCOMPARE(film.facts.width, image.width);
    QCOMPARE(film.facts.height, image.height);
    const test::Difference found = test::difference(image.pixels, folder_.read("turned.rgb"));
    QVERIFY2(found.most <= 4, std::to_string(found.most).c_str());
  }

  void makes_pixels_square_data() {
    QTest::addColumn<QString>("ratio");
    QTest::addColumn<quint32>("width");
    QTest::addColumn<quint32>("height");
    QTest::newRow("wide") << "2/1" << 128U << 48U;
    QTest::newRow("tall") << "1/2" << 64U << 96U;
    QTest::newRow("television") << "16/11" << 93U << 48U;
    QTest::newRow("square") << "1/1" << 64U << 48U;
    QTest::newRow("absurd") << "100/1" << 64U << 48U;
  }
  void makes_pixels_square() {
    QFETCH(QString, ratio);
    QFETCH(quint32, width);
    QFETCH(quint32, height);
    QVERIFY(folder_.ffmpeg("-f lavfi -i color=red:s=64x48:r=5:d=1 -vf setsar=" + ratio + " -c:v libx264 pixels.mp4"));
    const Film film = decoded("pixels.mp4");
    QCOMPARE(film.frames.front().image.width, width);
    QCOMPARE(film.frames.front().image.height, height);
    QCOMPARE(film.facts.width, width);
  }

  void understands_colours_data() {
    QTest::addColumn<QString>("matrix");
    QTest::addColumn<QString>("range");
    QTest::addColumn<QString>("format");
    for (const char* matrix : {"bt709", "bt601", "bt2020"})
      for (const char* range : {"tv", "pc"})
        for (const char* format : {"yuv420p", "yuv444p", "yuv420p10le", "yuv422p"})
          QTest::addRow("%s %s %s", matrix, range, format) << matrix << range << format;
  }
  // Six areas of known colours, written with every matrix and range and said to be so in the file.
  void understands_colours() {
    QFETCH(QString, matrix);
    QFETCH(QString, range);
    QFETCH(QString, format);
    const std::vector<std::array<int, 3>> colours = {{255, 0, 0},     {0, 255, 0},     {0, 0, 255},
                                                     {255, 255, 255}, {128, 128, 128}, {200, 100, 30}};
    QByteArray pixels;
    for (int y = 0; y < 64; ++y)
      for (int x = 0; x < 192; ++x)
        for (const int value : colours[static_cast<std::size_t>(x / 32)])
          pixels.append(static_cast<char>(value));
    folder_.write("colours.rgb", pixels.repeated(3));
    const QString tag = matrix == "bt601" ? "smpte170m" : matrix == "bt2020" ? "bt2020nc" : "bt709";
    QVERIFY(
        folder_.ffmpeg(QString("-f rawvideo -pix_fmt rgb24 -s 192x64 -r 5 -i colours.rgb -vf "
                               "scale=out_color_matrix=%1:out_range=%2:flags=accurate_rnd+full_chroma_int,format=%3 "
                               "-colorspace %4 -color_range %2 -c:v libx264 -qp 0 colours.mp4")
                           .arg(matrix, range, format, tag)));
    const Film film = decoded("colours.mp4");
    const engine::RgbImage& image = film.frames.front().image;
    for (std::size_t i = 0; i < colours.size(); ++i)
      for (std::size_t c = 0; c < 3; ++c) {
        const int value = image.pixels[(32 * std::size_t{image.width} + i * 32 + 16) * 3 + c];
        const QString text = QString("colour %1, channel %2: %3").arg(i).arg(c).arg(value);
        QVERIFY2(std::abs(value - colours[i][c]) <= 3, qPrintable(text));
      }
  }

  // A clock that begins at an hour begins at 0 for whoever watches.
  void times_count_from_the_beginning() {
    QVERIFY(folder_.ffmpeg(numbered(50, 25) + "-output_ts_offset 3600 -c:v mpeg2video -q:v 1 late.ts"));
    const Film film = decoded("late.ts");
    QVERIFY(std::abs(film.frames.front().seconds) < 0.02);
    QVERIFY(std::abs(film.frames.back().seconds - 48.0 / 25) < 0.05);
  }

  void sees_a_moving_picture_as_film() {
    QVERIFY(folder_.ffmpeg("-f lavfi -i testsrc=size=64x48:rate=10:duration=0.5 moving.gif"));
    QCOMPARE(decoded("moving.gif").frames.size(), std::size_t{5});
    QCOMPARE(test::reader().describe(folder_.open("moving.gif"))->kind, MediaKind::Picture);
  }

  void describes() {
    QVERIFY(
        folder_.ffmpeg("-f lavfi -i testsrc=size=64x48:rate=10:duration=3 -f lavfi -i sine=duration=3 -c:v libx264 "
                       "-c:a aac both.mp4"));
    const auto facts = test::reader().describe(folder_.open("both.mp4"));
    QVERIFY(facts.ok());
    QCOMPARE(facts->kind, MediaKind::Video);
    QVERIFY(facts->has_sound);
    QCOMPARE(facts->width, 64U);
    QCOMPARE(facts->height, 48U);
    QVERIFY(std::abs(facts->seconds.value_or(0) - 3) < 0.1);
    QVERIFY(QString::fromStdString(facts->format).contains("mp4"));
    // A picture on the cover of an album makes no film of it.
    QVERIFY(
        folder_.ffmpeg("-f lavfi -i sine=duration=1 -f lavfi -i color=red:s=32x32:d=0.1 -frames:v 1 -map 0 -map 1 "
                       "-c:v png -disposition:v attached_pic cover.mp3"));
    const auto album = test::reader().describe(folder_.open("cover.mp3"));
    QVERIFY(album.ok());
    QCOMPARE(album->kind, MediaKind::Sound);
    QVERIFY(!test::reader().frames(folder_.open("cover.mp3")).ok());
  }

  void tells_progress() {
    QVERIFY(folder_.ffmpeg(numbered(300, 25) + "-c:v libx264 progress.mp4"));
    std::vector<double> parts;
    const auto stream =
        test::reader().frames(folder_.open("progress.mp4"), {{}, [&](double part) { parts.push_back(part); }});
    QVERIFY(stream.ok());
    while (true) {
      const auto frame = (*stream)->next();
      QVERIFY(frame.ok());
      if (!*frame) break;
    }
    QVERIFY(parts.size() > 5 && std::is_sorted(parts.begin(), parts.end()));
    QCOMPARE(parts.back(), 1.0);
  }

 private:
  Film decoded(const QString& name) {
    Film film;
    const auto stream = test::reader().frames(folder_.open(name));
    if (!stream.ok()) {
      QTest::qFail(stream.error().message.c_str(), __FILE__, __LINE__);
      return {{VideoFrame{{1, 1, {0, 0, 0}}, 0}}, {}, true};
    }
    film.facts = (*stream)->facts();
    while (true) {
      auto frame = (*stream)->next();
      if (!frame.ok()) QTest::qFail(frame.error().message.c_str(), __FILE__, __LINE__);
      if (!frame.ok() || !*frame) break;
      film.frames.push_back(std::move(**frame));
    }
    film.is_damaged = (*stream)->is_damaged();
    return film;
  }

  test::MediaFolder folder_;
};

QTEST_GUILESS_MAIN(MediaVideoTest)
#include "media_video_test.moc"
