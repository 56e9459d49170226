#pragma once

#include <QWidget>

#include "ui/theme.h"

namespace facet::ui {

// Covers the page while files are dragged over it and says what dropping them does.
class DropOverlay : public QWidget {
  Q_OBJECT

 public:
  DropOverlay(const Theme& theme, Icon icon, const QString& text, QWidget* parent = nullptr);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  const Theme& theme_;
  const Icon icon_;
  const QString text_;
};

}  // namespace facet::ui
