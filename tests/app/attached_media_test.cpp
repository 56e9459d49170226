#include "app/media/attached_media.h"

#include <QImage>
#include <QPainter>
#include <QtTest>

#include "tests/tools/media_fixture.h"

using namespace facet;
using agent::AttachedMedia;
using agent::MediaItem;
using agent::MediaKind;
using agent::MediaPiece;

namespace {

class Folder : public tools::media::test::MediaFolder {
 public:
  std::shared_ptr<agent::MediaSource> source =
      app::media::attached_media(tools::media::test::media_program().toStdString());

  std::string picture(const QString& name, const QImage& image) const {
    if (!image.save(path(name))) qFatal("no picture");
    return path(name).toStdString();
  }
  // Made by the ffmpeg tool.
  std::string made(const QString& name, const QStringList& arguments) const {
    if (!run("ffmpeg", QStringList{"-v", "error", "-y"} + arguments + QStringList{name})) qFatal("no ffmpeg");
    return path(name).toStdString();
  }
  AttachedMedia describe(const std::string& file) const {
    auto described = source->describe(file, {});
    if (!described.ok()) qFatal("%s", described.error().message.c_str());
    return std::move(described).value();
  }
  std::vector<agent::MediaContent> decode(const std::string& file, const AttachedMedia& media, MediaPiece::Kind kind) {
    std::vector<MediaItem> items;
    for (const MediaPiece& piece : media.pieces)
      if (piece.kind == kind) items.push_back({piece, file, "shown.bin", "", media.budget});
    std::vector<agent::MediaContent> contents;
    const Status done = source->decode(items,
                                       [&](std::size_t index, agent::MediaContent content) -> Status {
                                         if (index != contents.size())
                                           return Error{Error::Code::Internal, "out of order"};
                                         contents.push_back(std::move(content));
                                         return {};
                                       },
                                       {});
    if (!done.ok()) qFatal("%s", done.error().message.c_str());
    return contents;
  }
};

// Smooth noise all over.
QImage photo(int width, int height) {
  QImage image(width, height, QImage::Format_RGB888);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      image.setPixelColor(x, y, QColor((x * 3 + y) % 256, (x + y * 2) / 3 % 256, (x * y / 97 + x * 5) % 256));
  return image;
}

QImage page(int width, int height) {
  QImage image(width, height, QImage::Format_RGB888);
  image.fill(Qt::white);
  QPainter painter(&image);
  for (int y = 20; y < height; y += 24)
    for (int x = 16; x + 8 < width; x += 14)
      painter.fillRect(x, y, 2 + (x * 7 + y) % 8, 11, Qt::black);
  return image;
}

}  // namespace

// Files as models are shown them. Sizes are those of the published vectors (reference: 640 x 480 at a budget of 70 is
// 63 tokens, 1920 x 1080 at 1120 is 1100, a second of sound 25).
class AttachedMediaTest : public QObject {
  Q_OBJECT

 private slots:
  void a_budget_that_was_chosen_is_kept();
  void a_large_page_is_shown_in_parts();
  void a_recording_is_cut();
  void a_video_is_frames_and_sound();
  void the_sound_of_a_long_video_is_cut();
  void a_damaged_picture_is_shown_with_a_word();
  void describing_tells_how_far_it_is_and_stops();
  void what_can_not_be_decoded_is_one_sentence();
};

void AttachedMediaTest::a_budget_that_was_chosen_is_kept() {
  Folder folder;
  const std::string file = folder.picture("photo.png", photo(640, 480));
  const AttachedMedia described = folder.describe(file);
  QVERIFY(described.kind == MediaKind::Picture);
  QCOMPARE(described.width, 640U);
  QCOMPARE(described.height, 480U);
  QVERIFY(described.budget_choice == agent::BudgetChoice::ByContent);
  const AttachedMedia small = folder.source->with_budget(described, 70).value();
  QCOMPARE(small.tokens(), std::int64_t{63});
  QCOMPARE(small.budget, 70U);
  QVERIFY(small.shrinking > 1.4 && small.shrinking < 1.5);  // 640 to 432
  QCOMPARE(folder.source->with_budget(described, 1120)->tokens(), std::int64_t{1064});
  const auto contents = folder.decode(file, small, MediaPiece::Kind::Picture);
  QCOMPARE(std::get<engine::RgbImage>(contents.at(0)).width, 640U);
}

void AttachedMediaTest::a_large_page_is_shown_in_parts() {
  Folder folder;
  const std::string file = folder.picture("page.png", page(2560, 1600));
  const AttachedMedia described = folder.describe(file);
  QCOMPARE(described.budget, 1120U);
  QVERIFY(described.tile_columns * described.tile_rows > 1);
  QCOMPARE(described.pieces.size(), std::size_t{described.tile_columns} * described.tile_rows);
  const auto contents = folder.decode(file, described, MediaPiece::Kind::Picture);
  QCOMPARE(contents.size(), described.pieces.size());
  const QImage whole = page(2560, 1600);
  for (std::size_t i = 0; i < contents.size(); ++i) {
    const auto& part = std::get<engine::RgbImage>(contents[i]);
    const MediaPiece& piece = described.pieces[i];
    QCOMPARE(part.width, piece.width);
    const QRgb corner = whole.pixel(static_cast<int>(piece.x) + 20, static_cast<int>(piece.y) + 26);
    const std::size_t at = (std::size_t{26} * part.width + 20) * 3;
    QCOMPARE(static_cast<int>(part.pixels[at]), qRed(corner));
  }
  // Chosen by somebody it is one picture.
  QCOMPARE(folder.source->with_budget(described, 280)->pieces.size(), std::size_t{1});
}

void AttachedMediaTest::a_recording_is_cut() {
  Folder folder;
  const AttachedMedia one = folder.describe(folder.made("second.wav", {"-f", "lavfi", "-i", "sine=440:d=1:r=44100"}));
  QVERIFY(one.kind == MediaKind::Sound);
  QCOMPARE(one.tokens(), std::int64_t{25});
  const std::string file = folder.made("long.ogg", {"-f", "lavfi", "-i", "sine=440:d=70"});
  const AttachedMedia described = folder.describe(file);
  QVERIFY(described.pieces.size() >= 3);
  QCOMPARE(described.pieces.front().begin, std::int64_t{0});
  const auto contents = folder.decode(file, described, MediaPiece::Kind::Sound);
  for (std::size_t i = 0; i < contents.size(); ++i) {
    const std::size_t samples = std::get<engine::PcmAudio>(contents[i]).samples.size();
    QCOMPARE(static_cast<std::int64_t>(samples), described.pieces[i].end - described.pieces[i].begin);
    QVERIFY(samples <= std::size_t{30} * engine::kSampleRate);
    if (i > 0) QCOMPARE(described.pieces[i].begin, described.pieces[i - 1].end);
  }
}

void AttachedMediaTest::a_video_is_frames_and_sound() {
  Folder folder;
  const std::string file = folder.made(
      "film.mkv", {"-f", "lavfi", "-i", "color=red:size=1280x720:rate=10:d=4", "-f", "lavfi", "-i", "sine=440:d=4"});
  const AttachedMedia described = folder.describe(file);
  QVERIFY(described.kind == MediaKind::Video);
  QCOMPARE(described.budget, 70U);
  QCOMPARE(described.pieces.size(), std::size_t{33});
  // Of 40 frames number 5 is shown fourth: floor(4 * 40 / 32), at half a second. 1280 x 720 is 66 tokens at 70.
  // Beside a sound that begins a little earlier.
  QVERIFY(qAbs(described.pieces[4].shown_ms - 500) < 20);
  QCOMPARE(described.pieces[4].tokens, std::int64_t{66});
  QVERIFY(described.pieces.back().kind == MediaPiece::Kind::Sound);
  const auto frames = folder.decode(file, described, MediaPiece::Kind::Frame);
  QCOMPARE(frames.size(), std::size_t{32});
  const auto& pixels = std::get<engine::RgbImage>(frames[7]).pixels;
  // Which matrix the colours were written with, the file does not say.
  QVERIFY(pixels[0] > 200 && pixels[1] < 64 && pixels[2] < 64);
  QCOMPARE(folder.decode(file, described, MediaPiece::Kind::Sound).size(), std::size_t{1});
}

void AttachedMediaTest::the_sound_of_a_long_video_is_cut() {
  Folder folder;
  const std::string file = folder.made(
      "long.mkv", {"-f", "lavfi", "-i", "color=red:size=64x48:rate=2:d=130", "-f", "lavfi", "-i", "sine=440:d=130"});
  const AttachedMedia described = folder.describe(file);
  QCOMPARE(described.remark, std::string());
  std::int64_t heard = 0;
  std::int64_t tokens = 0;
  for (const MediaPiece& piece : described.pieces) {
    if (piece.kind != MediaPiece::Kind::Sound) continue;
    QCOMPARE(piece.begin, heard);
    QVERIFY(piece.end - piece.begin <= std::int64_t{30} * engine::kSampleRate);
    heard = piece.end;
    tokens += piece.tokens;
  }
  // All of it, at 25 tokens a second. Matroska's times are whole milliseconds.
  QVERIFY(qAbs(heard - std::int64_t{130} * engine::kSampleRate) < engine::kSampleRate / 10);
  QVERIFY(qAbs(tokens - std::int64_t{130} * 25) < 10);
  QCOMPARE(folder.decode(file, described, MediaPiece::Kind::Sound).size(), described.pieces.size() - 32);
}

// The upper part of a photo is there before the file breaks off.
void AttachedMediaTest::a_damaged_picture_is_shown_with_a_word() {
  Folder folder;
  const QImage whole = photo(640, 480);
  folder.picture("whole.jpg", whole);
  const QByteArray bytes = folder.read("whole.jpg");
  folder.write("torn.jpg", bytes.left(bytes.size() / 2));
  const std::string file = folder.path("torn.jpg").toStdString();
  const AttachedMedia described = folder.describe(file);
  QVERIFY2(described.remark.find("damaged") != std::string::npos, described.remark.c_str());
  QCOMPARE(described.width, 640U);
  const auto contents = folder.decode(file, described, MediaPiece::Kind::Picture);
  const auto& seen = std::get<engine::RgbImage>(contents.at(0));
  for (const int y : {8, 100, 180}) {
    const std::size_t at = (std::size_t(y) * seen.width + 320) * 3;
    QVERIFY(qAbs(static_cast<int>(seen.pixels[at]) - qRed(whole.pixel(320, y))) < 60);
  }
  QCOMPARE(folder.source->with_budget(described, 70)->remark, described.remark);
}

void AttachedMediaTest::describing_tells_how_far_it_is_and_stops() {
  Folder folder;
  const std::string file = folder.made(
      "film.mkv", {"-f", "lavfi", "-i", "color=red:size=64x48:rate=5:d=60", "-f", "lavfi", "-i", "sine=440:d=60"});
  std::vector<double> told;
  QVERIFY(folder.source->describe(file, {}, [&](double done) { told.push_back(done); }).ok());
  QVERIFY(!told.empty());
  QVERIFY(std::is_sorted(told.begin(), told.end()));
  QVERIFY(told.front() >= 0 && told.back() <= 1 && told.back() > 0.5);
  std::stop_source stop;
  const auto stopped = folder.source->describe(file, stop.get_token(), [&](double) { stop.request_stop(); });
  QVERIFY(!stopped.ok());
  QVERIFY2(stopped.error().code == Error::Code::Stopped, stopped.error().message.c_str());
}

void AttachedMediaTest::what_can_not_be_decoded_is_one_sentence() {
  Folder folder;
  folder.write("torn.png", "\x89PNG\r\n\x1a\n and nothing else");
  const auto torn = folder.source->describe(folder.path("torn.png").toStdString(), {});
  QVERIFY(!torn.ok());
  QVERIFY2(torn.error().message.find("torn.png") != std::string::npos, torn.error().message.c_str());
  QVERIFY(!folder.source->describe("/nowhere.png", {}).ok());
  // What was attached is not what lies there now. The name is the one that people know.
  const std::string file = folder.picture("photo.png", photo(64, 48));
  const MediaItem item{{.width = 640, .height = 480, .tokens = 63}, file, "cat.png", "", 70};
  const Status changed =
      folder.source->decode(std::span(&item, 1), [](std::size_t, agent::MediaContent) { return Status(); }, {});
  QVERIFY(!changed.ok());
  QVERIFY2(changed.error().message.find("cat.png") != std::string::npos, changed.error().message.c_str());
}

QTEST_GUILESS_MAIN(AttachedMediaTest)
#include "attached_media_test.moc"
