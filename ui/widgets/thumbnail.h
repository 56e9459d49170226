#pragma once

#include <QAbstractButton>

#include "ui/theme.h"

namespace facet::ui {

class Pictures;

// A small picture with rounded corners: a symbol until it is there. A button where it opens something.
class Thumbnail : public QAbstractButton {
  Q_OBJECT

 public:
  // `pictures` may be null: then the symbol stays.
  Thumbnail(const Theme& theme, Icon icon, Pictures* pictures, QWidget* parent = nullptr);

  // The picture in a file, in a box of at most so many pixels.
  void show_file(const QString& path, QSize box);

  QSize sizeHint() const override { return shown_; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void refresh();

  const Theme& theme_;
  Icon icon_;
  Pictures* pictures_;
  QString path_;
  QSize box_;
  QSize shown_;
};

}  // namespace facet::ui
