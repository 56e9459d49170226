#include "ui/plan/plan_row.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPainter>

#include "ui/widgets/buttons.h"

namespace facet::ui {
namespace {

constexpr int kMark = 28;
constexpr double kRing = 16;
constexpr double kLine = 1.6;

}  // namespace

StepMark::StepMark(const Theme& theme, QWidget* parent) : QAbstractButton(parent), theme_(theme) {
  setFocusPolicy(Qt::TabFocus);
  setFixedSize(sizeHint());
  setCursor(Qt::PointingHandCursor);
  connect(this, &QAbstractButton::clicked, this, [this] {
    switch (status_) {
      case agent::PlanStatus::Pending:
        set_status(agent::PlanStatus::InProgress);
        break;
      case agent::PlanStatus::InProgress:
        set_status(agent::PlanStatus::Completed);
        break;
      case agent::PlanStatus::Completed:
        set_status(agent::PlanStatus::Pending);
        break;
    }
    emit statusChosen();
  });
  set_status(status_);
}

QSize StepMark::sizeHint() const {
  return {kMark, kMark};
}

void StepMark::set_status(agent::PlanStatus status) {
  status_ = status;
  const QString name = status == agent::PlanStatus::Pending      ? tr("To be done")
                       : status == agent::PlanStatus::InProgress ? tr("Being done")
                                                                 : tr("Done");
  setAccessibleName(name);
  setToolTip(name);
  update();
}

void StepMark::paintEvent(QPaintEvent*) {
  const Colors& colors = theme_.colors();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QPointF centre(width() / 2.0, height() / 2.0);
  const bool is_done = status_ == agent::PlanStatus::Completed;
  const bool is_begun = status_ == agent::PlanStatus::InProgress;
  const QColor ink = is_done ? colors.success : is_begun || underMouse() ? colors.accent : colors.text_muted;
  painter.setPen(QPen(ink, kLine));
  painter.drawEllipse(centre, kRing / 2 - kLine / 2, kRing / 2 - kLine / 2);
  if (is_begun) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(ink);
    painter.drawEllipse(centre, kRing / 4, kRing / 4);
  }
  if (is_done)
    theme_.paint_icon(painter, QRectF(centre.x() - kRing / 2 + 2, centre.y() - kRing / 2 + 2, kRing - 4, kRing - 4),
                      Icon::Check, ink);
  if (hasFocus()) {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(colors.accent, 2));
    painter.drawRoundedRect(QRectF(rect()).adjusted(2, 2, -2, -2), radius::kSmall, radius::kSmall);
  }
}

QLineEdit* plain_line_edit(const Theme& theme, QWidget* parent) {
  auto* edit = new QLineEdit(parent);
  edit->setFrame(false);
  edit->setTextMargins(space::kTiny, 0, space::kTiny, 0);
  edit->setFont(theme.font(Type::Small));
  edit->setAutoFillBackground(false);
  const auto follow = [edit, &theme] {
    QPalette palette = edit->palette();
    palette.setColor(QPalette::Base, Qt::transparent);
    palette.setColor(QPalette::Text, theme.colors().text);
    palette.setColor(QPalette::PlaceholderText, theme.colors().text_muted);
    edit->setPalette(palette);
  };
  QObject::connect(&theme, &Theme::changed, edit, follow);
  follow();
  return edit;
}

PlanRow::PlanRow(const Theme& theme, int number, QWidget* parent) : QWidget(parent), theme_(theme), number_(number) {
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(space::kTiny);
  mark_ = new StepMark(theme, this);
  text_ = plain_line_edit(theme, this);
  text_->setObjectName("planStep");
  text_->installEventFilter(this);
  auto* remove = new IconButton(theme, Icon::Close, tr("Remove this step"), this);
  remove->set_diameter(24, 14);
  row->addWidget(mark_);
  row->addWidget(text_, 1);
  row->addWidget(remove);
  connect(mark_, &StepMark::statusChosen, this, [this] {
    refresh();
    emit edited();
  });
  connect(text_, &QLineEdit::editingFinished, this, [this] {
    if (!text_->isModified()) return;
    text_->setModified(false);
    emit edited();
  });
  connect(remove, &QToolButton::clicked, this, &PlanRow::removeRequested);
}

void PlanRow::set_step(const agent::PlanStep& step) {
  mark_->set_status(step.status);
  const QString text = QString::fromStdString(step.text);
  const bool is_being_written = text_->hasFocus() && text_->isModified();
  if (!is_being_written && text_->text() != text) text_->setText(text);
  refresh();
}

void PlanRow::refresh() {
  const QString name = tr("Step %1: %2").arg(number_).arg(text_->text());
  text_->setAccessibleName(name);
  mark_->setAccessibleDescription(name);
  QFont font = theme_.font(Type::Small);
  font.setStrikeOut(mark_->status() == agent::PlanStatus::Completed);
  font.setBold(mark_->status() == agent::PlanStatus::InProgress);
  text_->setFont(font);
  if (!text_->hasFocus()) text_->setCursorPosition(0);
}

agent::PlanStep PlanRow::step() const {
  return {text_->text().trimmed().toStdString(), mark_->status()};
}

bool PlanRow::has_keyboard() const {
  return text_->hasFocus();
}

void PlanRow::take_keyboard() {
  text_->setFocus(Qt::OtherFocusReason);
}

bool PlanRow::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::KeyPress) return QWidget::eventFilter(watched, event);
  const auto* key = static_cast<QKeyEvent*>(event);
  const bool is_move = key->modifiers() == Qt::AltModifier && (key->key() == Qt::Key_Up || key->key() == Qt::Key_Down);
  if (is_move) emit moveRequested(key->key() == Qt::Key_Up ? -1 : 1);
  return is_move || QWidget::eventFilter(watched, event);
}

}  // namespace facet::ui
