#pragma once

#include <QWidget>
#include <vector>

#include "agent/protocol.h"
#include "ui/theme.h"

class QLineEdit;
class QScrollArea;
class QVBoxLayout;

namespace facet::ui {

class Card;
class FoldHeader;
class PlanRow;

// The plan that the model follows, above the place where one writes: folded it shows how far it is, unfolded every step
// can be changed, ticked, moved (Alt with an arrow), removed, and others added. Nothing is to be seen of it while there
// is none and nobody writes one.
class PlanPanel : public QWidget {
  Q_OBJECT

 public:
  explicit PlanPanel(const Theme& theme, QWidget* parent = nullptr);

  // What is being written in a row just now stays.
  void set_plan(const std::vector<agent::PlanStep>& steps);
  // Unfolds it and puts the keyboard where a step is added.
  void begin_writing();
  // Folds it; without a plan it goes away.
  void end_writing();

 signals:
  void planEdited(const std::vector<facet::agent::PlanStep>& steps);
  void closed();  // the keyboard has nowhere to be here any more

 protected:
  bool event(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void rebuild();
  void refresh();
  void commit();
  void add_step();
  void remove_row(PlanRow* row);
  void move_row(PlanRow* row, int by);
  std::vector<agent::PlanStep> written() const;

  const Theme& theme_;
  std::vector<agent::PlanStep> steps_;
  bool is_open_ = false;
  bool is_writing_ = false;
  Card* card_ = nullptr;
  FoldHeader* header_ = nullptr;
  QScrollArea* body_ = nullptr;
  QVBoxLayout* list_ = nullptr;
  QLineEdit* new_step_ = nullptr;
  std::vector<PlanRow*> rows_;
};

}  // namespace facet::ui
