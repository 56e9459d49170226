#include "ui/composer/draft_chip.h"

#include <QActionGroup>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLocale>
#include <QMenu>
#include <QVBoxLayout>
#include <cmath>

#include "ui/phrases.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/thumbnail.h"

namespace facet::ui {
namespace {

constexpr int kWidest = 540;
constexpr QSize kThumbnail(48, 48);
// Less is not seen.
constexpr double kShrunk = 1.05;

QString percent(double shrinking) {
  return QLocale().toString(static_cast<int>(std::lround(100 / shrinking)));
}

}  // namespace

DraftChip::DraftChip(const Theme& theme, const QString& path, Pictures* pictures, QWidget* parent)
    : Card(theme, &Colors::surface_sunken, &Colors::border, radius::kMedium, parent),
      theme_(theme),
      path_(path),
      pictures_(pictures) {
  const QFileInfo file(path);
  setToolTip(path);
  setMaximumWidth(kWidest);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(space::kSmall, space::kTiny, 2, space::kTiny);
  column->setSpacing(2);
  auto* row = new QHBoxLayout;
  row->setSpacing(6);
  thumbnail_ = new Thumbnail(theme, Icon::File, nullptr, this);
  thumbnail_->show_file({}, QSize(size::kIcon, size::kIcon));
  row->addWidget(thumbnail_);
  auto* name = new ThemedLabel(theme, Type::Small, &Colors::text, this);
  name->set_elide_mode(Qt::ElideMiddle);
  name->set_full_text(file.fileName());
  facts_ = new ThemedLabel(theme, Type::Caption, &Colors::text_muted, this);
  facts_->set_full_text(phrases::bytes(file.size()));
  budget_ = new TextButton(theme, {}, TextButton::Look::Ghost, this);
  budget_->setObjectName("budgetButton");
  // Who clicks goes on writing.
  budget_->setFocusPolicy(Qt::TabFocus);
  budget_->setFont(theme.font(Type::Caption));
  budget_->set_trailing_icon(Icon::ChevronDown);
  budget_->hide();
  connect(budget_, &QPushButton::clicked, this, &DraftChip::open_budgets);
  auto* remove = new IconButton(theme, Icon::Close, tr("Remove %1").arg(file.fileName()), this);
  remove->set_diameter(26, 14);
  connect(remove, &QToolButton::clicked, this, &DraftChip::removed);
  auto* words = new QVBoxLayout;
  words->setSpacing(0);
  words->addWidget(name);
  auto* costs = new QHBoxLayout;
  costs->setSpacing(space::kTiny);
  spinner_ = new Spinner(theme, this);
  spinner_->hide();
  costs->addWidget(spinner_);
  costs->addWidget(facts_);
  costs->addWidget(budget_);
  costs->addStretch(1);
  words->addLayout(costs);
  row->addLayout(words, 1);
  row->addWidget(remove, 0, Qt::AlignTop);
  column->addLayout(row);
  warning_ = new ThemedText(theme, Type::Caption, &Colors::warning, this);
  warning_->setObjectName("chipWarning");
  warning_->setWordWrap(true);
  warning_->hide();
  column->addWidget(warning_);
  show_name();
}

// Most files are known before anybody could read a number.
void DraftChip::set_progress(double done) {
  if (described_) return;
  const int percent = static_cast<int>(100 * done);
  spinner_->show();
  facts_->set_full_text(percent > 0 ? tr("being read, %1 %").arg(QLocale().toString(percent)) : tr("being read"));
  show_name();
  updateGeometry();
}

void DraftChip::set_description(const agent::AttachmentDescribed& described) {
  described_ = described;
  spinner_->hide();
  const auto& media = described.file.media;
  if (media && media->kind != agent::MediaKind::Sound && pictures_ != nullptr) {
    // The one without a picture was made before it was known that there is one.
    auto* shown = new Thumbnail(theme_, phrases::icon_of(described.file), pictures_, this);
    layout()->itemAt(0)->layout()->replaceWidget(thumbnail_, shown);
    delete thumbnail_;
    thumbnail_ = shown;
    thumbnail_->show_file(path_, kThumbnail);
    thumbnail_->setAttribute(Qt::WA_TransparentForMouseEvents);
  } else if (media) {
    auto* shown = new Thumbnail(theme_, phrases::icon_of(described.file), nullptr, this);
    layout()->itemAt(0)->layout()->replaceWidget(thumbnail_, shown);
    delete thumbnail_;
    thumbnail_ = shown;
    thumbnail_->show_file({}, QSize(size::kIcon, size::kIcon));
  }
  show_facts();
  show_name();
}

void DraftChip::show_facts() {
  const agent::AttachmentPart& file = described_->file;
  budget_->setVisible(!described_->costs.empty());
  QStringList facts;
  if (file.media) {
    facts << phrases::extent(*file.media)
          << tr("%1 tokens").arg(QLocale().toString(static_cast<qlonglong>(described_->tokens)));
    if (described_->milliseconds) facts << tr("about %1").arg(phrases::rough_duration(*described_->milliseconds));
    const int parts = static_cast<int>(file.media->tile_columns * file.media->tile_rows);
    if (parts > 1) facts << tr("in %1 parts").arg(QLocale().toString(parts));
    const bool chosen = described_->budget != 0;
    budget_->setText(chosen ? QLocale().toString(file.media->budget)
                            : tr("Automatic (%1)").arg(QLocale().toString(file.media->budget)));
    budget_->setAccessibleName(tr("How closely %1 is looked at: %2").arg(QFileInfo(path_).fileName(), budget_->text()));
    budget_->setToolTip(tr("How closely the model looks, in tokens"));
    budget_->updateGeometry();
  } else if (described_->can_be_sent) {
    facts << phrases::bytes(file.bytes);
  }
  facts_->set_full_text(facts.join(QStringLiteral(" · ")));
  QStringList warnings;
  if (!described_->problem.empty()) warnings << QString::fromStdString(described_->problem);
  // How small a picture becomes does not matter to who does not see it.
  const bool is_seen = warnings.isEmpty() || (file.media && !file.media->remark.empty());
  if (is_seen && file.media && file.media->shrinking > kShrunk)
    warnings << tr("Shrunk to %1 %; small text may not be readable").arg(percent(file.media->shrinking));
  warning_->setText(warnings.join(QStringLiteral("\n")));
  warning_->setVisible(!warnings.isEmpty());
  updateGeometry();
}

void DraftChip::show_name() {
  QString name = tr("Attached file %1").arg(QFileInfo(path_).fileName());
  name += QStringLiteral(", ") + facts_->text();
  if (described_ && !warning_->text().isEmpty()) name += QStringLiteral(". ") + warning_->text();
  setAccessibleName(name);
}

QString DraftChip::budget_text(const agent::AttachmentDescribed::Cost& cost) const {
  QStringList words = {tr("%1 tokens").arg(QLocale().toString(static_cast<qlonglong>(cost.tokens)))};
  if (cost.milliseconds) words << tr("about %1").arg(phrases::rough_duration(*cost.milliseconds));
  if (cost.shrinking > kShrunk) words << tr("shrunk to %1 %").arg(percent(cost.shrinking));
  const QString name = cost.budget == 0 ? tr("Automatic") : QLocale().toString(cost.budget);
  return name + QStringLiteral(":  ") + words.join(QStringLiteral(", "));
}

void DraftChip::open_budgets() {
  auto* menu = new QMenu(this);
  menu->setObjectName("budgetMenu");
  menu->setAttribute(Qt::WA_DeleteOnClose);
  auto* choice = new QActionGroup(menu);
  for (const auto& cost : described_->costs) {
    QAction* entry = choice->addAction(menu->addAction(budget_text(cost)));
    entry->setCheckable(true);
    entry->setChecked(cost.budget == described_->budget);
    connect(entry, &QAction::triggered, this, [this, budget = cost.budget] { emit budgetChosen(budget); });
  }
  menu->popup(budget_->mapToGlobal(QPoint(0, -menu->sizeHint().height() - space::kTiny)));
}

}  // namespace facet::ui
