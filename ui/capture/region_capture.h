#pragma once

#include <QImage>
#include <QObject>
#include <QPointer>
#include <QTimer>
#include <memory>
#include <vector>

#include "agent/screen_source.h"
#include "ui/theme.h"

class QWidget;

namespace facet::ui {

class ScreenOverlay;

// From the wish to a picture of a region of the screen: our own window goes out of the way, the screens are captured,
// the user draws a region, and the window is back, whatever came of it.
class RegionCapture : public QObject {
  Q_OBJECT

 public:
  // Until the desktop has painted what was behind the window; compositors take a few frames.
  static constexpr int kSettleMs = 250;

  RegionCapture(const Theme& theme, std::shared_ptr<agent::ScreenSource> screens, QObject* parent = nullptr);
  ~RegionCapture() override;

  void set_settle_ms(int milliseconds) { settle_.setInterval(milliseconds); }
  // `window` is hidden meanwhile. Nothing happens while a capture is under way.
  void start(QWidget* window);
  bool is_under_way() const { return is_under_way_; }

 signals:
  void captured(const QImage& region);
  void failed(const QString& sentence);

 private:
  void take(Result<agent::ScreenCapture> result);
  void show_overlays(const std::vector<agent::ScreenPicture>& screens);
  void finish();

  const Theme& theme_;
  std::shared_ptr<agent::ScreenSource> screens_;  // shared with who has connected it, app
  QPointer<QWidget> window_;
  QTimer settle_;
  std::vector<ScreenOverlay*> overlays_;
  bool is_under_way_ = false;
};

}  // namespace facet::ui
