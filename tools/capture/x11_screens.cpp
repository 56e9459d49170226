#include "tools/capture/x11_screens.h"

#include <QGuiApplication>
#include <QPixmap>
#include <QScreen>
#include <algorithm>
#include <tuple>

#include "tools/capture/screen_image.h"

namespace facet::tools::capture {

namespace {

Error unreadable() {
  return {Error::Code::Unsupported,
          "The screen can not be read here; take a picture of it with another program and paste it."};
}

Result<agent::ScreenCapture> all_screens() {
  agent::ScreenCapture capture;
  for (QScreen* screen : QGuiApplication::screens()) {
    Result<agent::ScreenPicture> picture = picture_of(*screen);
    if (picture.ok()) capture.screens.push_back(*std::move(picture));
  }
  if (capture.screens.empty()) return unreadable();
  return capture;
}

}  // namespace

void X11Screens::capture(Taker take) {
  take(all_screens());
}

QList<QScreen*> counted_screens() {
  QList<QScreen*> screens;
  for (QScreen* screen : QGuiApplication::screens()) {
    const bool is_mirror = std::any_of(screens.begin(), screens.end(), [&](const QScreen* other) {
      return other->virtualSiblings().contains(screen) && other->geometry() == screen->geometry();
    });
    if (!is_mirror) screens << screen;
  }
  const auto place = [](const QScreen* screen) {
    const bool is_primary = screen == QGuiApplication::primaryScreen();
    return std::tuple(!is_primary, screen->geometry().x(), screen->geometry().y());
  };
  std::stable_sort(screens.begin(), screens.end(),
                   [&](const QScreen* a, const QScreen* b) { return place(a) < place(b); });
  return screens;
}

Result<agent::ScreenPicture> picture_of(QScreen& screen) {
  const QImage image = screen.grabWindow(0).toImage();
  if (image.isNull()) return unreadable();
  const QRect place = screen.geometry();
  return agent::ScreenPicture{
      screen.name().toStdString(), place.x(), place.y(), place.width(), place.height(), to_rgb(image)};
}

}  // namespace facet::tools::capture
