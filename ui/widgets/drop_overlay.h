#pragma once

#include <QWidget>

#include "ui/theme.h"

namespace facet::ui {

// Covers the page while files are dragged over it and says what dropping them does.
class DropOverlay : public QWidget {
  Q_OBJECT

 public:
  explicit DropOverlay(const Theme& theme, QWidget* parent = nullptr);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  const Theme& theme_;
};

}  // namespace facet::ui
