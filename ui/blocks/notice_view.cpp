#include "ui/blocks/notice_view.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

#include "ui/widgets/small_widgets.h"

namespace facet::ui {

NoticeView::NoticeView(const BlockContext& context, QWidget* parent) : PartWidget(parent) {
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  card_ = new Card(context.theme, &Colors::surface_sunken, &Colors::border, radius::kMedium, this);
  outer->addWidget(card_);
  auto* row = new QHBoxLayout(card_);
  row->setContentsMargins(space::kMedium, space::kSmall, space::kMedium, space::kSmall);
  row->setSpacing(space::kSmall);
  icon_ = new IconView(context.theme, Icon::Info, &Colors::text_muted, size::kIconSmall, card_);
  text_ = new ThemedText(context.theme, Type::Small, &Colors::text, card_);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  row->addWidget(icon_);
  row->addWidget(text_, 1);
}

void NoticeView::set_part(const agent::Part& part, Growth) {
  const auto& notice = std::get<agent::NoticePart>(part.content);
  switch (notice.severity) {
    case agent::Severity::Information:
      card_->set_colors(&Colors::surface_sunken, &Colors::border);
      icon_->set_icon(Icon::Info, &Colors::text_muted);
      break;
    case agent::Severity::Warning:
      card_->set_colors(&Colors::warning_soft, &Colors::warning_soft);
      icon_->set_icon(Icon::Warning, &Colors::warning);
      break;
    case agent::Severity::Error:
      card_->set_colors(&Colors::danger_soft, &Colors::danger_soft);
      icon_->set_icon(Icon::Warning, &Colors::danger);
      break;
  }
  text_->setText(QString::fromStdString(notice.text));
}

}  // namespace facet::ui
