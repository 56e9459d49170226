#include "tools/capture/x11_screens.h"

#include <QGuiApplication>
#include <QPixmap>
#include <QScreen>

#include "tools/capture/screen_image.h"

namespace facet::tools::capture {

namespace {

Result<agent::ScreenCapture> all_screens() {
  agent::ScreenCapture capture;
  for (QScreen* screen : QGuiApplication::screens()) {
    const QImage image = screen->grabWindow(0).toImage();
    if (image.isNull()) continue;
    const QRect place = screen->geometry();
    capture.screens.push_back(
        {screen->name().toStdString(), place.x(), place.y(), place.width(), place.height(), to_rgb(image)});
  }
  if (capture.screens.empty())
    return Error{Error::Code::Unsupported,
                 "The screen can not be read here; take a picture of it with another program and paste it."};
  return capture;
}

}  // namespace

void X11Screens::capture(Taker take) {
  take(all_screens());
}

}  // namespace facet::tools::capture
