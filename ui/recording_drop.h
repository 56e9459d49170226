#pragma once

#include <QObject>
#include <functional>

#include "ui/theme.h"

namespace facet::ui {

class DropOverlay;

// Sound and video that is dropped on a widget is imported as a recording.
class RecordingDrop : public QObject {
  Q_OBJECT

 public:
  // Belongs to the widget.
  RecordingDrop(const Theme& theme, QWidget* target, std::function<void(const QString& path)> import);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  QWidget* target_;
  std::function<void(const QString&)> import_;
  DropOverlay* overlay_;
};

// How files of sound and video end, without the dot.
const QStringList& recording_suffixes();

}  // namespace facet::ui
