// Screens of a virtual X11 display with windows of known colours, at one and at two pixels a unit.
#include <QGuiApplication>
#include <QPainter>
#include <QProcess>
#include <QRasterWindow>
#include <QtTest>
#include <optional>

#include "tools/capture/screen_source.h"
#include "tools/capture/x11_screens.h"

using namespace facet;

namespace {

// A window in one colour.
class Pane : public QRasterWindow {
 public:
  Pane(const QRect& place, const QColor& color) : color_(color) {
    setFlags(Qt::X11BypassWindowManagerHint | Qt::FramelessWindowHint);
    setGeometry(place);
  }

 protected:
  void paintEvent(QPaintEvent*) override { QPainter(this).fillRect(QRect(QPoint(), size()), color_); }

 private:
  const QColor color_;
};

QColor color_at(const engine::RgbImage& image, std::uint32_t x, std::uint32_t y) {
  const std::uint8_t* pixel = image.pixels.data() + (std::size_t{y} * image.width + x) * 3;
  return {pixel[0], pixel[1], pixel[2]};
}

Result<agent::ScreenCapture> captured() {
  tools::capture::X11Screens screens;
  std::optional<Result<agent::ScreenCapture>> answer;
  screens.capture([&](Result<agent::ScreenCapture> result) { answer = std::move(result); });
  return answer.value_or(Error{Error::Code::Internal, "no answer"});
}

}  // namespace

class CaptureX11Test : public QObject {
  Q_OBJECT

 private slots:
  void a_window_is_where_it_stands();
  void the_session_says_who_can_see();
};

void CaptureX11Test::a_window_is_where_it_stands() {
  const double scale = qGuiApp->devicePixelRatio();
  Pane red(QRect(40, 30, 100, 60), QColor(200, 10, 20));
  Pane green(QRect(300, 200, 50, 50), QColor(10, 180, 40));
  for (Pane* pane : {&red, &green}) {
    pane->show();
    QVERIFY(QTest::qWaitForWindowExposed(pane));
  }
  const auto at = [&](const engine::RgbImage& image, double x, double y) {
    return color_at(image, static_cast<std::uint32_t>(x * scale), static_cast<std::uint32_t>(y * scale));
  };
  // The server may paint a moment after it has said that the window is exposed.
  const auto is_painted = [&] {
    const auto now = captured();
    return now.ok() && at(now->screens.at(0).picture, 90, 60) == QColor(200, 10, 20) &&
           at(now->screens[0].picture, 325, 225) == QColor(10, 180, 40);
  };
  QTRY_VERIFY(is_painted());
  const auto capture = captured();
  QCOMPARE(capture->screens.size(), std::size_t{1});
  QVERIFY(!capture->is_chosen);
  const agent::ScreenPicture& screen = capture->screens[0];
  QCOMPARE(screen.picture.width, 800U);  // all pixels, whatever the scale
  QCOMPARE(screen.picture.height, 600U);
  QCOMPARE(screen.width, static_cast<int>(800 / scale));
  // The edges, to the pixel.
  QCOMPARE(at(screen.picture, 40, 30), QColor(200, 10, 20));
  QVERIFY(at(screen.picture, 39.5, 30) != QColor(200, 10, 20));
  QCOMPARE(at(screen.picture, 139.5, 89.5), QColor(200, 10, 20));
  QVERIFY(at(screen.picture, 140, 89) != QColor(200, 10, 20));
}

void CaptureX11Test::the_session_says_who_can_see() {
  using tools::capture::needs_portal;
  QVERIFY(needs_portal("wayland", nullptr, nullptr));
  QVERIFY(needs_portal("xcb", "wayland", "wayland-0"));
  QVERIFY(needs_portal("xcb", nullptr, "wayland-0"));
  QVERIFY(!needs_portal("xcb", "x11", "wayland-0"));
  QVERIFY(!needs_portal("xcb", nullptr, nullptr));
  QVERIFY(!needs_portal("xcb", "tty", ""));
}

namespace {

// The number of a display of our own; empty where none can be started.
QByteArray start_display(QProcess& server) {
  server.start("Xvfb", {"-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"});
  if (!server.waitForReadyRead(20'000)) return {};
  return ":" + server.readLine().trimmed();
}

// One run of the tests with so many pixels a unit, in a process of its own, for a display is chosen once.
int run_scaled(const QString& program, const char* scale) {
  qputenv("QT_SCALE_FACTOR", scale);
  return QProcess::execute(program, {});
}

}  // namespace

int main(int argc, char** argv) {
  constexpr const char* kInside = "FACET_CAPTURE_TEST_INSIDE";
  if (qEnvironmentVariableIsSet(kInside)) {
    QGuiApplication application(argc, argv);
    CaptureX11Test test;
    return QTest::qExec(&test, argc, argv);
  }
  QCoreApplication application(argc, argv);
  QProcess server;
  const QByteArray display = start_display(server);
  if (display.isEmpty()) qFatal("Xvfb can not be started; packaging/test.sh installs it");
  qputenv("DISPLAY", display);
  qputenv("QT_QPA_PLATFORM", "xcb");
  qputenv(kInside, "1");
  const QString program = QCoreApplication::applicationFilePath();
  const int failures = run_scaled(program, "1") + run_scaled(program, "2");
  server.terminate();
  server.waitForFinished();
  return failures;
}

#include "capture_x11_test.moc"
