#pragma once

#include <QWidget>

#include "ui/theme.h"

namespace facet::ui {

// Shows that the page goes on beyond its edges: a hairline above, text that fades out below. Also the frame while the
// keyboard scrolls the page.
class PageEdge : public QWidget {
  Q_OBJECT

 public:
  explicit PageEdge(const Theme& theme, QWidget* parent = nullptr);

  void set_cut(bool above, bool below);
  void set_focused(bool focused);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  const Theme& theme_;
  bool above_ = false;
  bool below_ = false;
  bool focused_ = false;
};

}  // namespace facet::ui
