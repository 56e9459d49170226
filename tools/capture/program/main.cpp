// Looks at the screens once, for the model: with a connection of its own to the display or to the desktop, so that it
// works on any thread of a program without a window, and what hangs can be ended.
//
//   facet-screens list     which screens an X11 display has
//   facet-screens take N   the picture of screen N, counted from 1; of each for 0
//   facet-screens ask      what the user chooses in the desktop's own dialog; given up when standard input is closed
//
// It answers on standard output: a line of JSON, {"screens": [{"number", "width", "height", "bytes"}]} in pixels or
// {"error", "code"}, and behind it as many bytes for each screen, a PNG.
#include <unistd.h>

#include <QBuffer>
#include <QCoreApplication>
#include <QDBusConnection>
#include <QGuiApplication>
#include <QImage>
#include <QScreen>
#include <QSocketNotifier>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tools/capture/portal_screens.h"
#include "tools/capture/x11_screens.h"

namespace {

using namespace facet;
using nlohmann::json;
using tools::capture::counted_screens;
using tools::capture::PortalScreens;

int answer(const json& line, const QByteArray& pictures = {}) {
  const std::string text = line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fwrite(pictures.constData(), 1, static_cast<std::size_t>(pictures.size()), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

int answer(const Error& error) {
  answer(json{{"error", error.message}, {"code", static_cast<int>(error.code)}});
  return 1;
}

QByteArray png_of(const engine::RgbImage& image) {
  const QImage view(image.pixels.data(), static_cast<int>(image.width), static_cast<int>(image.height),
                    static_cast<qsizetype>(image.width) * 3, QImage::Format_RGB888);
  QBuffer buffer;
  buffer.open(QIODevice::WriteOnly);
  view.save(&buffer, "PNG");
  return buffer.data();
}

// What is told of a screen; a picture is appended to those before.
json told(std::size_t number, const engine::RgbImage& image, QByteArray& pictures) {
  const QByteArray png = png_of(image);
  pictures += png;
  return {{"number", number}, {"width", image.width}, {"height", image.height}, {"bytes", png.size()}};
}

int list() {
  json screens = json::array();
  for (const QScreen* screen : counted_screens())
    screens.push_back({{"number", screens.size() + 1},
                       {"width", screen->geometry().width()},
                       {"height", screen->geometry().height()},
                       {"bytes", 0}});
  return answer(json{{"screens", screens}});
}

int take(std::size_t wanted) {
  json screens = json::array();
  QByteArray pictures;
  std::size_t number = 0;
  for (QScreen* screen : counted_screens()) {
    ++number;
    if (wanted != 0 && wanted != number) continue;
    const Result<agent::ScreenPicture> taken = tools::capture::picture_of(*screen);
    if (!taken.ok()) return answer(taken.error());
    screens.push_back(told(number, taken->picture, pictures));
  }
  return answer(json{{"screens", screens}}, pictures);
}

// The first complaint of the toolkit while it starts; those after it are only consequences.
std::string& first_complaint() {
  static std::string text;
  return text;
}

// Without a display that answers the toolkit complains and then ends the process with an abort.
void explain_missing_display(QtMsgType type, const QMessageLogContext&, const QString& message) {
  if (type != QtFatalMsg) {
    if (first_complaint().empty()) first_complaint() = message.simplified().toStdString();
    return;
  }
  std::_Exit(answer(Error{Error::Code::Unsupported, "The screens can not be seen (" + first_complaint() + ")."}));
}

// Whatever the window was told of platforms and scales: X11, and pixels.
int look_at_display(int argc, char** argv, std::string_view task) {
  qputenv("QT_QPA_PLATFORM", "xcb");
  qputenv("QT_ENABLE_HIGHDPI_SCALING", "0");
  qInstallMessageHandler(explain_missing_display);
  const QGuiApplication application(argc, argv);
  if (task == "list") return list();
  return take(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0);
}

int ask_desktop(int argc, char** argv) {
  QCoreApplication application(argc, argv);
  qInstallMessageHandler([](QtMsgType, const QMessageLogContext&, const QString&) {});
  PortalScreens desktop(QDBusConnection::sessionBus());
  int status = 1;
  QSocketNotifier input(STDIN_FILENO, QSocketNotifier::Read);
  QObject::connect(&input, &QSocketNotifier::activated, &application, [&] {
    std::array<char, 64> ignored;
    if (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) return;
    input.setEnabled(false);
    desktop.cancel();
    QCoreApplication::quit();
  });
  const auto take_answer = [&](const Result<agent::ScreenCapture>& capture) {
    QByteArray pictures;
    if (!capture.ok()) {
      status = answer(capture.error());
    } else {
      json screens = json::array();
      for (const agent::ScreenPicture& each : capture->screens)
        screens.push_back(told(screens.size() + 1, each.picture, pictures));
      status = answer(json{{"screens", screens}}, pictures);
    }
    // It may come before the loop has begun.
    QMetaObject::invokeMethod(&application, &QCoreApplication::quit, Qt::QueuedConnection);
  };
  desktop.capture(take_answer);
  QCoreApplication::exec();
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view task = argc > 1 ? argv[1] : "";
  if (task == "ask") return ask_desktop(argc, argv);
  if (task == "list" || task == "take") return look_at_display(argc, argv, task);
  std::fputs("facet-screens belongs to Facet, which starts it: list, take N or ask.\n", stderr);
  return 2;
}
