// The tool on a virtual X11 display with two screens and windows of known colours; also in a program without Qt's
// application, as the command line is.
#include <QGuiApplication>
#include <QImage>
#include <QPainter>
#include <QProcess>
#include <QRasterWindow>
#include <QScreen>
#include <QtTest>
#include <cstdio>
#include <thread>

#include "tests/tools/tool_fixture.h"

using namespace facet;
using namespace facet::tools::test;

namespace {

const QColor kRed(200, 10, 20);
const QColor kGreen(10, 180, 40);

// A window in one colour.
class Pane : public QRasterWindow {
 public:
  Pane(QScreen* screen, const QRect& place, const QColor& color) : color_(color) {
    setScreen(screen);
    setFlags(Qt::X11BypassWindowManagerHint | Qt::FramelessWindowHint);
    setGeometry(place);
  }

 protected:
  void paintEvent(QPaintEvent*) override { QPainter(this).fillRect(QRect(QPoint(), size()), color_); }

 private:
  const QColor color_;
};

Tool screenshot() {
  return tools::take_screenshot_tool(std::filesystem::path(FACET_PROGRAM).parent_path() / "facet-screens");
}

struct Seen {
  ToolResult result;
  std::vector<QImage> pictures;
  std::string planned;
};

Seen take(const Json& arguments) {
  const Tool tool = screenshot();
  const auto planned = tool.plan(arguments, {});
  if (!planned.ok()) return {ToolResult::failure(planned.error().message), {}, {}};
  Seen seen{tool.run(arguments, *planned, {}), {}, planned->text};
  for (const agent::ToolPicture& picture : seen.result.pictures)
    seen.pictures.push_back(QImage::fromData(QByteArray::fromStdString(picture.bytes), "PNG"));
  return seen;
}

// Of a screen with one pane on nothing: exactly the pane's pixels have its colour.
QRect area_of(const QImage& image, const QColor& color) {
  QRect area;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x)
      if (image.pixelColor(x, y) == color) area |= QRect(x, y, 1, 1);
  return area;
}

}  // namespace

class TakeScreenshotTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void every_screen_is_seen();
  void one_screen_is_seen();
  void what_is_shown_to_the_user_is_what_runs();
  void a_screen_that_is_not_there();
  void a_program_without_a_window_sees_the_same();
  void without_a_display_one_sentence_says_so();
  void without_its_program_one_sentence_says_so();

 private:
  std::unique_ptr<Pane> red_;
  std::unique_ptr<Pane> green_;
};

void TakeScreenshotTest::initTestCase() {
  const QList<QScreen*> screens = QGuiApplication::screens();
  QCOMPARE(screens.size(), 2);
  red_ = std::make_unique<Pane>(screens[0], QRect(40, 30, 100, 60), kRed);
  green_ = std::make_unique<Pane>(screens[1], QRect(200, 120, 50, 40), kGreen);
  for (Pane* pane : {red_.get(), green_.get()}) {
    pane->show();
    QVERIFY(QTest::qWaitForWindowExposed(pane));
  }
  // The server may paint a moment after it has said that the windows are exposed.
  QTRY_VERIFY_WITH_TIMEOUT(area_of(take(Json::object()).pictures.at(0), kRed) == QRect(40, 30, 100, 60) &&
                               area_of(take(Json::object()).pictures.at(1), kGreen) == QRect(200, 120, 50, 40),
                           30'000);
}

void TakeScreenshotTest::every_screen_is_seen() {
  const Seen seen = take(Json::object());
  COMPARE_TEXT(seen.planned, "Take a picture of screen 1 (640 x 480) and screen 2 (320 x 200)");
  COMPARE_TEXT(seen.result.content, "What screen 1 (640 x 480) and screen 2 (320 x 200) show, in this order:");
  QCOMPARE(seen.pictures.size(), std::size_t{2});
  QCOMPARE(seen.pictures[0].size(), QSize(640, 480));
  QCOMPARE(seen.pictures[1].size(), QSize(320, 200));
  QCOMPARE(area_of(seen.pictures[0], kRed), QRect(40, 30, 100, 60));
  QCOMPARE(area_of(seen.pictures[1], kGreen), QRect(200, 120, 50, 40));
  QVERIFY(area_of(seen.pictures[0], kGreen).isEmpty());
  COMPARE_TEXT(seen.result.pictures[1].name, "screen 2.png");
  COMPARE_TEXT(seen.result.pictures[1].media_type, "image/png");
  QCOMPARE(seen.result.pictures[1].least_budget, 1120U);
}

void TakeScreenshotTest::one_screen_is_seen() {
  const Seen seen = take({{"screen", 2}});
  COMPARE_TEXT(seen.planned, "Take a picture of screen 2 (320 x 200)");
  COMPARE_TEXT(seen.result.content, "What screen 2 (320 x 200) shows:");
  QCOMPARE(seen.pictures.size(), std::size_t{1});
  QCOMPARE(area_of(seen.pictures[0], kGreen), QRect(200, 120, 50, 40));
}

void TakeScreenshotTest::what_is_shown_to_the_user_is_what_runs() {
  const Tool tool = screenshot();
  QVERIFY(tool.effect == agent::Effect::SeeScreen);
  PlannedEffect planned = *tool.plan({{"screen", 1}}, {});
  QVERIFY(planned.effect == agent::Effect::SeeScreen && planned.paths.empty());
  QVERIFY(planned == *tool.plan({{"screen", 1}}, {}));
  planned.text = "Take a picture of screen 1 (1920 x 1080)";
  const ToolResult result = tool.run({{"screen", 1}}, planned, {});
  QVERIFY(result.failed && result.pictures.empty());
  COMPARE_TEXT(result.content, "error: the screens are not those any more that were shown; try again");
}

void TakeScreenshotTest::a_screen_that_is_not_there() {
  COMPARE_TEXT(take({{"screen", 3}}).result.content,
               "error: there is no screen 3, but screen 1 (640 x 480) and screen 2 (320 x 200)");
  QVERIFY(take({{"screen", 1'000'000'000'000}}).result.failed);
}

void TakeScreenshotTest::a_program_without_a_window_sees_the_same() {
  QProcess plain;
  plain.start(QCoreApplication::applicationFilePath(), {"--take"});
  QVERIFY(plain.waitForFinished(60'000));
  const QByteArray output = plain.readAllStandardOutput();
  const qsizetype end = output.indexOf('\n');
  QCOMPARE(output.left(end), QByteArray("What screen 2 (320 x 200) shows:"));
  QCOMPARE(area_of(QImage::fromData(output.mid(end + 1), "PNG"), kGreen), QRect(200, 120, 50, 40));
}

void TakeScreenshotTest::without_a_display_one_sentence_says_so() {
  const QByteArray display = qgetenv("DISPLAY");
  qputenv("DISPLAY", ":5999");
  COMPARE_TEXT(take(Json::object()).result.content,
               "error: The screens can not be seen (could not connect to display :5999).");
  qunsetenv("DISPLAY");
  COMPARE_TEXT(take(Json::object()).result.content,
               "error: there is no screen here that can be seen: neither DISPLAY nor WAYLAND_DISPLAY is set");
  qputenv("DISPLAY", display);
}

void TakeScreenshotTest::without_its_program_one_sentence_says_so() {
  const auto planned = tools::take_screenshot_tool("/nowhere/facet-screens").plan(Json::object(), {});
  QVERIFY(!planned.ok());
  COMPARE_TEXT(planned.error().message,
               "The program that looks at the screens, /nowhere/facet-screens, can not be started; install Facet "
               "again.");
  // One that says something else.
  QVERIFY(tools::take_screenshot_tool("/bin/true").plan(Json::object(), {}).error().code == Error::Code::Io);
  QVERIFY(tools::take_screenshot_tool("/bin/echo").plan(Json::object(), {}).error().code == Error::Code::Io);
}

namespace {

// As in a turn on the command line: on a thread, without any application.
int take_plainly() {
  std::thread([] {
    const Seen seen = take({{"screen", 2}});
    std::printf("%s\n", seen.result.content.c_str());
    for (const agent::ToolPicture& picture : seen.result.pictures)
      std::fwrite(picture.bytes.data(), 1, picture.bytes.size(), stdout);
  }).join();
  return 0;
}

// The number of a display of our own; empty where none can be started.
QByteArray start_display(QProcess& server) {
  server.start("Xvfb",
               {"-displayfd", "1", "-screen", "0", "640x480x24", "-screen", "1", "320x200x24", "-nolisten", "tcp"});
  if (!server.waitForReadyRead(20'000)) return {};
  return ":" + server.readLine().trimmed();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && qstrcmp(argv[1], "--take") == 0) return take_plainly();
  QProcess server;
  const QByteArray display = start_display(server);
  if (display.isEmpty()) qFatal("Xvfb can not be started; packaging/test.sh installs it");
  qputenv("DISPLAY", display);
  qputenv("QT_QPA_PLATFORM", "xcb");
  for (const char* other : {"WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "QT_SCALE_FACTOR"})
    qunsetenv(other);
  int failures = 0;
  {
    QGuiApplication application(argc, argv);
    TakeScreenshotTest test;
    failures = QTest::qExec(&test, argc, argv);
  }
  server.terminate();
  server.waitForFinished();
  return failures;
}

#include "take_screenshot_test.moc"
