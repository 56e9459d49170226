#include "tools/capture/portal_screens.h"

#include <QDBusMessage>
#include <QDBusObjectPath>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QUrl>
#include <utility>

#include "tools/capture/screen_image.h"

namespace facet::tools::capture {

namespace {

const char kService[] = "org.freedesktop.portal.Desktop";
const char kPath[] = "/org/freedesktop/portal/desktop";
const char kScreenshot[] = "org.freedesktop.portal.Screenshot";
const char kRequest[] = "org.freedesktop.portal.Request";

// What a Response signal begins with.
constexpr uint kGranted = 0;
constexpr uint kCancelled = 1;

Error no_portal() {
  return {Error::Code::Unsupported,
          "This desktop lets no program take pictures of the screen (it offers no org.freedesktop.portal.Screenshot); "
          "take one with the desktop's own tool and paste it."};
}

Error no_answer() {
  return {Error::Code::Io,
          "The desktop gave no picture of the screen; try again, or take one with its own tool and "
          "paste it."};
}

Error refused() {
  return {Error::Code::Denied,
          "The desktop refused a picture of the screen; allow it in the desktop's settings, or paste one."};
}

Result<agent::ScreenCapture> captured(const QVariantMap& results) {
  const QUrl place(results.value("uri").toString());
  if (!place.isLocalFile()) return no_answer();
  FACET_ASSIGN_OR_RETURN(engine::RgbImage picture, read_picture(place.toLocalFile()));
  agent::ScreenCapture capture;
  capture.is_chosen = true;
  const int width = static_cast<int>(picture.width);
  const int height = static_cast<int>(picture.height);
  capture.screens.push_back({{}, 0, 0, width, height, std::move(picture)});
  return capture;
}

}  // namespace

PortalScreens::PortalScreens(QDBusConnection bus, std::chrono::milliseconds patience)
    : bus_(std::move(bus)), watcher_(kService, bus_, QDBusServiceWatcher::WatchForUnregistration) {
  patience_.setSingleShot(true);
  patience_.setInterval(patience);
  connect(&patience_, &QTimer::timeout, this, [this] {
    close_request();
    finish(no_answer());
  });
  connect(&watcher_, &QDBusServiceWatcher::serviceUnregistered, this, [this] { finish(no_answer()); });
}

PortalScreens::~PortalScreens() {
  cancel();
}

// The answer may come before the reply to the call, so where it will come is known before: the specification says how
// a request is called after its sender and token.
void PortalScreens::capture(Taker take) {
  take_ = std::move(take);
  if (!bus_.isConnected()) return finish(no_portal());
  const QString token = QStringLiteral("facet%1").arg(++count_);
  const QString sender = bus_.baseService().mid(1).replace('.', '_');
  follow(QStringLiteral("%1/request/%2/%3").arg(kPath, sender, token));
  QDBusMessage call = QDBusMessage::createMethodCall(kService, kPath, kScreenshot, "Screenshot");
  call << QString() << QVariantMap{{"handle_token", token}, {"interactive", true}, {"modal", false}};
  patience_.start();
  auto* watcher = new QDBusPendingCallWatcher(bus_.asyncCall(call), this);
  connect(watcher, &QDBusPendingCallWatcher::finished, this, &PortalScreens::take_reply);
}

void PortalScreens::follow(const QString& request) {
  if (request == request_) return;
  if (!request_.isEmpty())
    bus_.disconnect(kService, request_, kRequest, "Response", this, SLOT(respond(uint, QVariantMap)));
  request_ = request;
  if (!request_.isEmpty())
    bus_.connect(kService, request_, kRequest, "Response", this, SLOT(respond(uint, QVariantMap)));
}

// Older portals name the request as they like.
void PortalScreens::take_reply(QDBusPendingCallWatcher* finished) {
  finished->deleteLater();
  const QDBusPendingReply<QDBusObjectPath> reply = *finished;
  if (!take_) return;
  if (reply.isValid()) return follow(reply.value().path());
  switch (reply.error().type()) {
    case QDBusError::ServiceUnknown:
    case QDBusError::UnknownMethod:
    case QDBusError::UnknownInterface:
    case QDBusError::UnknownObject:
    case QDBusError::NoServer:
    case QDBusError::Disconnected:
      return finish(no_portal());
    case QDBusError::AccessDenied:
      return finish(refused());
    default:
      return finish(no_answer());
  }
}

void PortalScreens::respond(uint response, const QVariantMap& results) {
  if (response == kGranted) return finish(captured(results));
  if (response == kCancelled) return finish(Error{Error::Code::Stopped, "No picture of the screen was taken."});
  finish(no_answer());
}

void PortalScreens::finish(Result<agent::ScreenCapture> result) {
  patience_.stop();
  follow({});
  if (Taker take = std::exchange(take_, nullptr)) take(std::move(result));
}

void PortalScreens::cancel() {
  if (!take_) return;
  close_request();
  take_ = nullptr;
  patience_.stop();
  follow({});
}

void PortalScreens::close_request() {
  if (!request_.isEmpty()) bus_.send(QDBusMessage::createMethodCall(kService, request_, kRequest, "Close"));
}

}  // namespace facet::tools::capture
