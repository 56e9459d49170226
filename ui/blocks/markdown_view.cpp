#include "ui/blocks/markdown_view.h"

#include <QVBoxLayout>
#include <span>

#include "ui/blocks/code_view.h"
#include "ui/blocks/prose_view.h"

namespace facet::ui {

MarkdownView::MarkdownView(const BlockContext& context, QWidget* parent) : PartWidget(parent), context_(context) {
  layout_ = new QVBoxLayout(this);
  layout_->setContentsMargins(0, 0, 0, 0);
  layout_->setSpacing(space::kMedium);
}

MarkdownView::Kind MarkdownView::kind_of(const markdown::Block& block) {
  if (std::holds_alternative<markdown::Code>(block)) return Kind::Code;
  return std::holds_alternative<markdown::Table>(block) ? Kind::Table : Kind::Prose;
}

QWidget* MarkdownView::segment_widget(std::size_t index, Kind kind) {
  if (index < segments_.size() && segments_[index].kind == kind) return segments_[index].widget;
  while (segments_.size() > index) {
    delete segments_.back().widget;
    segments_.pop_back();
  }
  QWidget* widget = nullptr;
  switch (kind) {
    case Kind::Prose:
      widget = new ProseView(context_, ProseView::Tone::Normal, this);
      break;
    case Kind::Code:
      widget = new CodeView(context_, this);
      break;
    case Kind::Table:
      widget = new TableView(context_, this);
      break;
  }
  layout_->addWidget(widget);
  segments_.push_back({kind, widget});
  return widget;
}

void MarkdownView::set_part(const agent::Part& part, Growth growth) {
  const std::string& text = std::get<agent::TextPart>(part.content).text;
  if (text == text_ && growth == growth_) return;
  text_ = text;
  growth_ = growth;
  const QString whole = QString::fromStdString(text);
  const std::vector<markdown::Block> blocks =
      markdown::parse(growth == Growth::Growing ? markdown::settled(whole) : whole);
  const std::span<const markdown::Block> all(blocks);
  std::size_t used = 0;
  for (std::size_t index = 0; index < blocks.size();) {
    const Kind kind = kind_of(blocks[index]);
    std::size_t end = index + 1;
    while (kind == Kind::Prose && end < blocks.size() && kind_of(blocks[end]) == Kind::Prose)
      ++end;
    QWidget* widget = segment_widget(used++, kind);
    switch (kind) {
      case Kind::Prose:
        static_cast<ProseView*>(widget)->set_blocks(all.subspan(index, end - index));
        break;
      case Kind::Code:
        static_cast<CodeView*>(widget)->set_code(std::get<markdown::Code>(blocks[index]));
        break;
      case Kind::Table:
        static_cast<TableView*>(widget)->set_table(std::get<markdown::Table>(blocks[index]));
        break;
    }
    index = end;
  }
  while (segments_.size() > used) {
    delete segments_.back().widget;
    segments_.pop_back();
  }
}

}  // namespace facet::ui
