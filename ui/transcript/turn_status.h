#pragma once

#include <QTimer>
#include <QWidget>

#include "ui/models/transcript_model.h"
#include "ui/theme.h"

namespace facet::ui {

class Spinner;
class ThemedLabel;

// The line below the last message while a turn runs: that the model works, and how far it has read when reading
// takes longer than a second.
class TurnStatus : public QWidget {
  Q_OBJECT

 public:
  explicit TurnStatus(const Theme& theme, QWidget* parent = nullptr);

  void set_turn(const TranscriptModel::Turn& turn);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void refresh();

  const Theme& theme_;
  TranscriptModel::Turn turn_;
  Spinner* spinner_ = nullptr;
  ThemedLabel* text_ = nullptr;
  QTimer timer_;
};

}  // namespace facet::ui
