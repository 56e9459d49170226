#include "ui/composer/attachment_bar.h"

#include <QFileInfo>
#include <QHBoxLayout>

#include "ui/phrases.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {
namespace {

constexpr int kWidestChip = 280;

}  // namespace

AttachmentBar::AttachmentBar(const Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  new FlowLayout(space::kSmall, this);
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  hide();
}

void AttachmentBar::set_paths(const QStringList& paths) {
  if (paths == paths_) return;
  paths_ = paths;
  while (QLayoutItem* item = layout()->takeAt(0)) {
    item->widget()->deleteLater();
    item->widget()->hide();
    delete item;
  }
  for (const QString& path : paths_)
    layout()->addWidget(make_chip(path));
  setVisible(!paths_.isEmpty());
  updateGeometry();
  emit changed();
}

QWidget* AttachmentBar::make_chip(const QString& path) {
  const QFileInfo file(path);
  auto* chip = new Card(theme_, &Colors::surface_sunken, &Colors::border, radius::kMedium, this);
  chip->setToolTip(path);
  chip->setAccessibleName(tr("Attached file %1").arg(file.fileName()));
  chip->setMaximumWidth(kWidestChip);
  auto* row = new QHBoxLayout(chip);
  row->setContentsMargins(10, 2, 2, 2);
  row->setSpacing(6);
  row->addWidget(new IconView(theme_, Icon::File, &Colors::text_muted, size::kIconSmall, chip));
  auto* name = new ThemedLabel(theme_, Type::Small, &Colors::text, chip);
  name->set_elide_mode(Qt::ElideMiddle);
  name->set_full_text(file.fileName());
  auto* bytes = new ThemedLabel(theme_, Type::Caption, &Colors::text_muted, chip);
  bytes->set_full_text(phrases::bytes(file.size()));
  auto* remove = new IconButton(theme_, Icon::Close, tr("Remove %1").arg(file.fileName()), chip);
  remove->set_diameter(26, 14);
  connect(remove, &QToolButton::clicked, this, [this, path] {
    QStringList rest = paths_;
    rest.removeAll(path);
    set_paths(rest);
  });
  row->addWidget(name, 1);
  row->addWidget(bytes);
  row->addWidget(remove);
  return chip;
}

}  // namespace facet::ui
