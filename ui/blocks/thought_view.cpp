#include "ui/blocks/thought_view.h"

#include <QVBoxLayout>

#include "ui/blocks/prose_view.h"
#include "ui/widgets/fold_header.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {

ThoughtView::ThoughtView(const BlockContext& context, QWidget* parent) : PartWidget(parent), context_(context) {
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  auto* card = new Card(context.theme, &Colors::surface, &Colors::border, radius::kMedium, this);
  outer->addWidget(card);
  auto* column = new QVBoxLayout(card);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  header_ = new FoldHeader(context.theme, card);
  column->addWidget(header_);
  body_ = new QWidget(card);
  auto* body_column = new QVBoxLayout(body_);
  body_column->setContentsMargins(36, 0, space::kLarge, space::kMedium);
  body_column->setSpacing(0);
  column->addWidget(body_);
  body_->hide();
  connect(header_, &QAbstractButton::clicked, this, [this](bool unfold) {
    context_.hold_place();
    if (unfold) {
      context_.unfolded.insert(part_);
    } else {
      context_.unfolded.erase(part_);
    }
    show_body();
  });
}

void ThoughtView::set_part(const agent::Part& part, Growth growth) {
  part_ = part.id;
  thought_ = std::get<agent::ThoughtPart>(part.content).text;
  FoldHeader::Line line;
  line.icon = Icon::Thought;
  line.busy = growth == Growth::Growing;
  line.title = line.busy ? tr("Thinking") : tr("Thought");
  header_->set_line(line);
  header_->setChecked(context_.unfolded.contains(part_));
  show_body();
}

void ThoughtView::show_body() {
  const bool unfolded = header_->isChecked();
  if (unfolded) {
    if (text_ == nullptr) {
      text_ = new ProseView(context_, ProseView::Tone::Muted, body_);
      body_->layout()->addWidget(text_);
    }
    text_->set_plain_text(QString::fromStdString(thought_));
  }
  body_->setVisible(unfolded);
}

}  // namespace facet::ui
