#include "ui/blocks/attachment_chip.h"

#include <QHBoxLayout>

#include "ui/phrases.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {

AttachmentChip::AttachmentChip(const BlockContext& context, QWidget* parent) : PartWidget(parent) {
  auto* outer = new QHBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  auto* card = new Card(context.theme, &Colors::surface, &Colors::border, radius::kMedium, this);
  outer->addWidget(card);
  auto* row = new QHBoxLayout(card);
  row->setContentsMargins(10, 6, space::kMedium, 6);
  row->setSpacing(6);
  row->addWidget(new IconView(context.theme, Icon::File, &Colors::text_muted, size::kIconSmall, card));
  name_ = new ThemedLabel(context.theme, Type::Small, &Colors::text, card);
  name_->set_elide_mode(Qt::ElideMiddle);
  size_ = new ThemedLabel(context.theme, Type::Caption, &Colors::text_muted, card);
  row->addWidget(name_, 1);
  row->addWidget(size_);
  setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
}

void AttachmentChip::set_part(const agent::Part& part, Growth) {
  const auto& attachment = std::get<agent::AttachmentPart>(part.content);
  name_->set_full_text(QString::fromStdString(attachment.name));
  size_->set_full_text(phrases::bytes(attachment.bytes));
  setToolTip(QString::fromStdString(attachment.path));
  setAccessibleName(tr("Attached file %1, %2").arg(name_->text(), size_->text()));
}

}  // namespace facet::ui
