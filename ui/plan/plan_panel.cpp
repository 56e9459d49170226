#include "ui/plan/plan_panel.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QScrollArea>
#include <algorithm>

#include "ui/plan/plan_row.h"
#include "ui/widgets/fold_header.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {
namespace {

constexpr int kMostHeight = 240;  // of the steps; more of them are scrolled

bool is_done(const agent::PlanStep& step) {
  return step.status == agent::PlanStatus::Completed;
}

}  // namespace

PlanPanel::PlanPanel(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, space::kSmall);
  card_ = new Card(theme, &Colors::surface, &Colors::border, radius::kLarge, this);
  outer->addWidget(card_);
  auto* column = new QVBoxLayout(card_);
  column->setContentsMargins(space::kSmall, 0, space::kSmall, space::kTiny);
  column->setSpacing(0);
  header_ = new FoldHeader(theme, card_);
  header_->setObjectName("planHeader");
  column->addWidget(header_);

  auto* scroll = new QScrollArea(card_);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setFocusPolicy(Qt::NoFocus);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->viewport()->setAutoFillBackground(false);
  auto* content = new QWidget(scroll);
  list_ = new QVBoxLayout(content);
  list_->setContentsMargins(space::kTiny, 0, 0, space::kTiny);
  list_->setSpacing(0);
  new_step_ = plain_line_edit(theme, content);
  new_step_->setObjectName("newPlanStep");
  new_step_->setPlaceholderText(tr("Add a step"));
  new_step_->setAccessibleName(tr("Add a step to the plan"));
  new_step_->setMinimumHeight(28);
  auto* new_row = new QHBoxLayout;
  new_row->setContentsMargins(28 + space::kTiny, 0, 0, 0);
  new_row->addWidget(new_step_);
  list_->addLayout(new_row);
  scroll->setWidget(content);
  content->setAutoFillBackground(false);
  body_ = scroll;
  column->addWidget(body_);

  connect(header_, &QAbstractButton::clicked, this, [this](bool unfolded) {
    is_open_ = unfolded;
    refresh();
  });
  connect(new_step_, &QLineEdit::returnPressed, this, &PlanPanel::add_step);
  refresh();
}

void PlanPanel::set_plan(const std::vector<agent::PlanStep>& steps) {
  // A new plan shows itself.
  if (steps_.empty() && !steps.empty()) is_open_ = true;
  steps_ = steps;
  rebuild();
  refresh();
}

// Rows that are there are used again, so that the keyboard stays where it is.
void PlanPanel::rebuild() {
  while (rows_.size() > steps_.size()) {
    // One of its own signals may be what led here.
    rows_.back()->hide();
    rows_.back()->deleteLater();
    rows_.pop_back();
  }
  while (rows_.size() < steps_.size()) {
    auto* row = new PlanRow(theme_, static_cast<int>(rows_.size()) + 1, body_->widget());
    connect(row, &PlanRow::edited, this, &PlanPanel::commit);
    connect(row, &PlanRow::removeRequested, this, [this, row] { remove_row(row); });
    connect(row, &PlanRow::moveRequested, this, [this, row](int by) { move_row(row, by); });
    list_->insertWidget(static_cast<int>(rows_.size()), row);
    rows_.push_back(row);
  }
  for (std::size_t index = 0; index < rows_.size(); ++index)
    rows_[index]->set_step(steps_[index]);
  QWidget::setTabOrder(header_, rows_.empty() ? static_cast<QWidget*>(new_step_) : rows_.front());
}

void PlanPanel::refresh() {
  const auto done = std::count_if(steps_.begin(), steps_.end(), is_done);
  const auto current = std::find_if(steps_.begin(), steps_.end(), [](const agent::PlanStep& step) {
    return step.status == agent::PlanStatus::InProgress;
  });
  const bool is_finished = !steps_.empty() && done == std::ssize(steps_);
  FoldHeader::Line line;
  line.icon = Icon::List;
  line.title = tr("Plan");
  line.detail = is_open_ || current == steps_.end() ? QString() : QString::fromStdString(current->text);
  if (!steps_.empty()) line.status = tr("%1 of %2 done").arg(done).arg(steps_.size());
  if (is_finished) line.status_icon = Icon::Check;
  if (is_finished) line.icon_role = &Colors::success;
  header_->set_line(line);
  header_->setChecked(is_open_);
  header_->setAccessibleName(tr("Plan, %1").arg(line.status));
  body_->setFixedHeight(std::min(body_->widget()->sizeHint().height(), kMostHeight));
  body_->setVisible(is_open_);
  setVisible(!steps_.empty() || is_writing_);
}

std::vector<agent::PlanStep> PlanPanel::written() const {
  std::vector<agent::PlanStep> steps;
  for (const PlanRow* row : rows_)
    steps.push_back(row->step());
  std::erase_if(steps, [](const agent::PlanStep& step) { return step.text.empty(); });
  return steps;
}

void PlanPanel::commit() {
  std::vector<agent::PlanStep> steps = written();
  if (steps == steps_) return;
  set_plan(steps);
  emit planEdited(steps_);
}

void PlanPanel::add_step() {
  const QString text = new_step_->text().trimmed();
  if (text.isEmpty()) return;
  new_step_->clear();
  std::vector<agent::PlanStep> steps = written();
  steps.push_back({text.toStdString(), agent::PlanStatus::Pending});
  set_plan(steps);
  emit planEdited(steps_);
}

void PlanPanel::remove_row(PlanRow* row) {
  const auto found = std::find(rows_.begin(), rows_.end(), row);
  if (found == rows_.end()) return;
  std::vector<agent::PlanStep> steps = steps_;
  steps.erase(steps.begin() + (found - rows_.begin()));
  set_plan(steps);
  emit planEdited(steps_);
  if (steps_.empty()) end_writing();
}

void PlanPanel::move_row(PlanRow* row, int by) {
  const auto from = std::find(rows_.begin(), rows_.end(), row) - rows_.begin();
  const auto to = from + by;
  if (to < 0 || to >= std::ssize(rows_)) return;
  std::vector<agent::PlanStep> steps = written();
  if (std::ssize(steps) != std::ssize(rows_)) return;
  std::swap(steps[static_cast<std::size_t>(from)], steps[static_cast<std::size_t>(to)]);
  rows_[static_cast<std::size_t>(to)]->take_keyboard();
  set_plan(steps);
  emit planEdited(steps_);
}

void PlanPanel::begin_writing() {
  is_writing_ = true;
  is_open_ = true;
  refresh();
  new_step_->setFocus(Qt::OtherFocusReason);
}

void PlanPanel::end_writing() {
  is_writing_ = false;
  is_open_ = false;
  refresh();
  emit closed();
}

// Here Escape folds the plan and stops nothing.
bool PlanPanel::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
    event->accept();
    return true;
  }
  return QWidget::event(event);
}

void PlanPanel::keyPressEvent(QKeyEvent* event) {
  if (event->key() != Qt::Key_Escape) return QWidget::keyPressEvent(event);
  end_writing();
}

}  // namespace facet::ui
