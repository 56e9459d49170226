#pragma once

#include <QAbstractButton>
#include <QWidget>

#include "agent/protocol.h"
#include "ui/theme.h"

class QLineEdit;

namespace facet::ui {

// How a step stands, as a button that takes it to the next state: to be done, being done, done.
class StepMark : public QAbstractButton {
  Q_OBJECT

 public:
  explicit StepMark(const Theme& theme, QWidget* parent = nullptr);

  void set_status(agent::PlanStatus status);
  agent::PlanStatus status() const { return status_; }

  QSize sizeHint() const override;

 signals:
  void statusChosen();

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  const Theme& theme_;
  agent::PlanStatus status_ = agent::PlanStatus::Pending;
};

// A step of a plan: how it stands, its words, and the button that removes it.
class PlanRow : public QWidget {
  Q_OBJECT

 public:
  PlanRow(const Theme& theme, int number, QWidget* parent = nullptr);

  // Words that are being written stay.
  void set_step(const agent::PlanStep& step);
  agent::PlanStep step() const;
  bool has_keyboard() const;
  void take_keyboard();

 signals:
  void edited();
  void removeRequested();
  void moveRequested(int by);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void refresh();

  const Theme& theme_;
  int number_;
  StepMark* mark_ = nullptr;
  QLineEdit* text_ = nullptr;
};

// A line without an edge, in the look of the panel.
QLineEdit* plain_line_edit(const Theme& theme, QWidget* parent);

}  // namespace facet::ui
