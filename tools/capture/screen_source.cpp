#include "tools/capture/screen_source.h"

#include <QDBusConnection>
#include <QGuiApplication>
#include <string_view>

#include "tools/capture/portal_screens.h"
#include "tools/capture/x11_screens.h"

namespace facet::tools::capture {

// A program that was told to use X11 runs under XWayland in a Wayland session.
bool needs_portal(const char* platform, const char* session, const char* display) {
  const auto is = [](const char* text, std::string_view word) { return text != nullptr && text == word; };
  if (platform != nullptr && std::string_view(platform).starts_with("wayland")) return true;
  if (is(session, "x11")) return false;
  return is(session, "wayland") || (display != nullptr && *display != '\0');
}

std::unique_ptr<agent::ScreenSource> own_screen_source() {
  const QByteArray platform = QGuiApplication::platformName().toUtf8();
  const QByteArray session = qgetenv("XDG_SESSION_TYPE");
  const QByteArray display = qgetenv("WAYLAND_DISPLAY");
  if (needs_portal(platform, session, display)) return std::make_unique<PortalScreens>(QDBusConnection::sessionBus());
  if (platform == "xcb") return std::make_unique<X11Screens>();
  return nullptr;
}

}  // namespace facet::tools::capture
