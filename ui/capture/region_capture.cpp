#include "ui/capture/region_capture.h"

#include <QCursor>
#include <QWidget>
#include <utility>

#include "ui/capture/screen_overlay.h"

namespace facet::ui {
namespace {

QImage to_image(const engine::RgbImage& picture) {
  return QImage(picture.pixels.data(), static_cast<int>(picture.width), static_cast<int>(picture.height),
                static_cast<qsizetype>(picture.width) * 3, QImage::Format_RGB888)
      .copy();
}

}  // namespace

RegionCapture::RegionCapture(const Theme& theme, std::shared_ptr<agent::ScreenSource> screens, QObject* parent)
    : QObject(parent), theme_(theme), screens_(std::move(screens)) {
  settle_.setSingleShot(true);
  settle_.setInterval(kSettleMs);
  connect(&settle_, &QTimer::timeout, this,
          [this] { screens_->capture([this](Result<agent::ScreenCapture> result) { take(std::move(result)); }); });
}

RegionCapture::~RegionCapture() {
  if (is_under_way_) screens_->cancel();
  qDeleteAll(overlays_);
}

void RegionCapture::start(QWidget* window) {
  if (is_under_way_) return;
  is_under_way_ = true;
  window_ = window;
  window->hide();
  settle_.start();
}

void RegionCapture::take(Result<agent::ScreenCapture> result) {
  if (!result.ok() || result->screens.empty()) {
    finish();
    if (!result.ok() && result.error().code != Error::Code::Stopped)
      emit failed(QString::fromStdString(result.error().message));
    return;
  }
  if (!result->is_chosen) return show_overlays(result->screens);
  const QImage region = to_image(result->screens.front().picture);
  finish();
  emit captured(region);
}

// One for each screen; the region lies in one of them. The keyboard goes to the one with the pointer.
void RegionCapture::show_overlays(const std::vector<agent::ScreenPicture>& screens) {
  for (const agent::ScreenPicture& screen : screens) {
    const QRect place(screen.x, screen.y, screen.width, screen.height);
    auto* overlay = new ScreenOverlay(theme_, to_image(screen.picture), place);
    overlays_.push_back(overlay);
    connect(overlay, &ScreenOverlay::cancelled, this, &RegionCapture::finish);
    connect(overlay, &ScreenOverlay::began, this, [this, overlay] {
      for (ScreenOverlay* other : overlays_)
        if (other != overlay) other->clear_selection();
    });
    connect(overlay, &ScreenOverlay::taken, this, [this, overlay] {
      const QImage region = overlay->chosen();
      finish();
      emit captured(region);
    });
    overlay->showFullScreen();
  }
  ScreenOverlay* first = overlays_.front();
  for (ScreenOverlay* overlay : overlays_)
    if (overlay->geometry().contains(QCursor::pos())) first = overlay;
  first->raise();
  first->activateWindow();
  first->setFocus();
}

// The window comes back before the overlays go, so that there always is one.
void RegionCapture::finish() {
  if (!is_under_way_) return;
  is_under_way_ = false;
  if (window_ != nullptr) {
    window_->show();
    window_->raise();
    window_->activateWindow();
  }
  for (ScreenOverlay* overlay : std::exchange(overlays_, {})) {
    overlay->hide();
    overlay->deleteLater();
  }
}

}  // namespace facet::ui
