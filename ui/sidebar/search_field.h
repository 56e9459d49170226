#pragma once

#include <QLineEdit>

#include "ui/theme.h"

namespace facet::ui {

// The field of the search: a glass in front, a button that empties it behind.
class SearchField : public QLineEdit {
  Q_OBJECT

 public:
  explicit SearchField(const Theme& theme, QWidget* parent = nullptr);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  const Theme& theme_;
  class IconButton* clear_ = nullptr;
};

}  // namespace facet::ui
