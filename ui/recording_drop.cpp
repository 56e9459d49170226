#include "ui/recording_drop.h"

#include <QDropEvent>
#include <QFileInfo>
#include <QMimeData>
#include <QWidget>

#include "ui/composer/message_edit.h"
#include "ui/widgets/drop_overlay.h"

namespace facet::ui {
namespace {

QStringList recordings_in(const QMimeData& data) {
  QStringList paths;
  for (const QString& path : local_files(data)) {
    const QFileInfo file(path);
    if (file.isFile() && recording_suffixes().contains(file.suffix().toLower())) paths << path;
  }
  return paths;
}

}  // namespace

const QStringList& recording_suffixes() {
  static const QStringList kAll = {"wav",  "mp3", "m4a", "aac", "ogg",  "opus", "flac", "wma", "amr",
                                   "aiff", "mp4", "m4v", "mkv", "webm", "mov",  "avi",  "ts",  "3gp"};
  return kAll;
}

RecordingDrop::RecordingDrop(const Theme& theme, QWidget* target, std::function<void(const QString& path)> import)
    : QObject(target),
      target_(target),
      import_(std::move(import)),
      overlay_(new DropOverlay(theme, Icon::Sound, tr("Drop to import as a recording"), target)) {
  target->setAcceptDrops(true);
  target->installEventFilter(this);
}

bool RecordingDrop::eventFilter(QObject* watched, QEvent* event) {
  switch (event->type()) {
    case QEvent::DragEnter: {
      auto* drag = static_cast<QDragEnterEvent*>(event);
      if (recordings_in(*drag->mimeData()).isEmpty()) return false;
      drag->acceptProposedAction();
      overlay_->setGeometry(target_->rect());
      overlay_->raise();
      overlay_->show();
      return true;
    }
    case QEvent::DragLeave:
      overlay_->hide();
      return true;
    case QEvent::Drop: {
      auto* drop = static_cast<QDropEvent*>(event);
      overlay_->hide();
      for (const QString& path : recordings_in(*drop->mimeData()))
        import_(path);
      drop->acceptProposedAction();
      return true;
    }
    default:
      return QObject::eventFilter(watched, event);
  }
}

}  // namespace facet::ui
