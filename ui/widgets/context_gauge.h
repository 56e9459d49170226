#pragma once

#include <QWidget>

#include "ui/models/transcript_model.h"
#include "ui/theme.h"

namespace facet::ui {

// How much of what the model can keep in mind this conversation takes: a ring that fills.
class ContextGauge : public QWidget {
  Q_OBJECT

 public:
  explicit ContextGauge(const Theme& theme, QWidget* parent = nullptr);

  // Hidden while the limit is not known.
  void set_usage(const TranscriptModel::Context& context);

  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  double share() const;
  QString percent() const;

  const Theme& theme_;
  qint64 used_ = 0;
  qint64 limit_ = 0;
};

}  // namespace facet::ui
