#include "ui/blocks/attachment_chip.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

#include "ui/blocks/picture_button.h"
#include "ui/phrases.h"
#include "ui/widgets/small_widgets.h"
#include "ui/widgets/thumbnail.h"

namespace facet::ui {

AttachmentChip::AttachmentChip(const BlockContext& context, QWidget* parent) : PartWidget(parent), context_(context) {
  auto* outer = new QHBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  auto* card = new Card(context.theme, &Colors::surface, &Colors::border, radius::kMedium, this);
  outer->addWidget(card);
  auto* column = new QVBoxLayout(card);
  column->setContentsMargins(10, 6, space::kMedium, 6);
  column->setSpacing(6);
  column_ = column;
  auto* row = new QHBoxLayout;
  row->setSpacing(6);
  icon_ = new IconView(context.theme, Icon::File, &Colors::text_muted, size::kIconSmall, card);
  row->addWidget(icon_);
  name_ = new ThemedLabel(context.theme, Type::Small, &Colors::text, card);
  name_->set_elide_mode(Qt::ElideMiddle);
  size_ = new ThemedLabel(context.theme, Type::Caption, &Colors::text_muted, card);
  row->addWidget(name_, 1);
  row->addWidget(size_);
  column->addLayout(row);
  setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
}

void AttachmentChip::set_part(const agent::Part& part, Growth) {
  const auto& attachment = std::get<agent::AttachmentPart>(part.content);
  name_->set_full_text(QString::fromStdString(attachment.name));
  size_->set_full_text(attachment.media ? phrases::extent(*attachment.media) : phrases::bytes(attachment.bytes));
  icon_->set_icon(phrases::icon_of(attachment), &Colors::text_muted);
  setToolTip(QString::fromStdString(attachment.path));
  setAccessibleName(tr("Attached file %1, %2").arg(name_->text(), size_->text()));
  if (attachment.media && attachment.media->kind != agent::MediaKind::Sound) show_thumbnail(attachment);
}

void AttachmentChip::show_thumbnail(const agent::AttachmentPart& file) {
  if (thumbnail_ != nullptr) return;
  thumbnail_ = make_picture_button(context_, file, column_->parentWidget());
  if (thumbnail_ == nullptr) return;
  thumbnail_->setObjectName("attachmentPicture");
  column_->addWidget(thumbnail_);
}

}  // namespace facet::ui
