#pragma once

#include <QWidget>

#include "ui/theme.h"

namespace facet::ui {

// A thin line that fills from its beginning.
class ProgressStripe : public QWidget {
  Q_OBJECT

 public:
  explicit ProgressStripe(const Theme& theme, QWidget* parent = nullptr);

  void set_part(double part);  // 0 to 1

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  const Theme& theme_;
  double part_ = 0;
};

}  // namespace facet::ui
