#pragma once

#include <QStringList>
#include <QWidget>

#include "ui/theme.h"

namespace facet::ui {

// The files that will go with the next message, each with a button that takes it away.
class AttachmentBar : public QWidget {
  Q_OBJECT

 public:
  explicit AttachmentBar(const Theme& theme, QWidget* parent = nullptr);

  const QStringList& paths() const { return paths_; }
  void set_paths(const QStringList& paths);

 signals:
  void changed();

 private:
  QWidget* make_chip(const QString& path);

  const Theme& theme_;
  QStringList paths_;
};

}  // namespace facet::ui
