#include "ui/composer/attachment_bar.h"

#include "ui/composer/draft_chip.h"
#include "ui/widgets/flow_layout.h"

namespace facet::ui {

AttachmentBar::AttachmentBar(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  new FlowLayout(space::kSmall, this);
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  hide();
}

void AttachmentBar::set_files(const QStringList& paths, const QMap<QString, quint32>& budgets) {
  if (paths == paths_ && budgets == budgets_) return;
  paths_ = paths;
  budgets_ = budgets;
  while (QLayoutItem* item = layout()->takeAt(0)) {
    item->widget()->deleteLater();
    item->widget()->hide();
    delete item;
  }
  chips_.clear();
  for (const QString& path : paths_) {
    chips_[path] = make_chip(path);
    layout()->addWidget(chips_[path]);
  }
  setVisible(!paths_.isEmpty());
  updateGeometry();
  emit changed();
  describe_all();
}

DraftChip* AttachmentBar::make_chip(const QString& path) {
  auto* chip = new DraftChip(theme_, path, pictures_, this);
  connect(chip, &DraftChip::removed, this, [this, path] {
    QStringList rest = paths_;
    rest.removeAll(path);
    QMap<QString, quint32> budgets = budgets_;
    budgets.remove(path);
    set_files(rest, budgets);
    emit descriptionUnwanted(path);
  });
  connect(chip, &DraftChip::budgetChosen, this, [this, path](quint32 budget) { set_budget(path, budget); });
  return chip;
}

// The chip stays, so that the keyboard stays on it.
void AttachmentBar::set_budget(const QString& path, quint32 budget) {
  if (budget == 0) {
    budgets_.remove(path);
  } else {
    budgets_[path] = budget;
  }
  emit changed();
  emit descriptionWanted(path, budget);
}

void AttachmentBar::set_description(const agent::AttachmentDescribed& described) {
  const QString path = QString::fromStdString(described.path);
  if (!chips_.contains(path) || budgets_.value(path) != described.budget) return;
  chips_[path]->set_description(described);
  updateGeometry();
}

void AttachmentBar::set_progress(const agent::AttachmentProgress& progress) {
  const auto chip = chips_.constFind(QString::fromStdString(progress.path));
  if (chip == chips_.constEnd()) return;
  (*chip)->set_progress(progress.done);
  updateGeometry();
}

void AttachmentBar::describe_all() {
  for (const QString& path : paths_)
    emit descriptionWanted(path, budgets_.value(path));
}

}  // namespace facet::ui
