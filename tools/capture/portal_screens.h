#pragma once

#include <QDBusConnection>
#include <QDBusServiceWatcher>
#include <QObject>
#include <QTimer>
#include <QVariantMap>
#include <chrono>

#include "agent/screen_source.h"

class QDBusPendingCallWatcher;

namespace facet::tools::capture {

// Asks the desktop for a picture of the screen, through org.freedesktop.portal.Screenshot: the desktop lets the user
// choose and allow. Every request ends: with a picture, with the user's no, with the portal's end, or after `patience`.
class PortalScreens : public QObject, public agent::ScreenSource {
  Q_OBJECT

 public:
  // A user who chooses takes a while.
  static constexpr std::chrono::milliseconds kPatience = std::chrono::minutes(5);

  explicit PortalScreens(QDBusConnection bus, std::chrono::milliseconds patience = kPatience);
  ~PortalScreens() override;

  void capture(Taker take) override;
  void cancel() override;

 private slots:
  void respond(uint response, const QVariantMap& results);

 private:
  void follow(const QString& request);
  void take_reply(QDBusPendingCallWatcher* finished);
  void finish(Result<agent::ScreenCapture> result);
  void close_request();

  QDBusConnection bus_;
  QDBusServiceWatcher watcher_;
  QTimer patience_;
  Taker take_;
  QString request_;  // the object that answers
  int count_ = 0;
};

}  // namespace facet::tools::capture
