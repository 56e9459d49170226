#include "ui/blocks/markdown_view.h"

#include <QVBoxLayout>
#include <algorithm>
#include <span>

#include "agent/region_places.h"
#include "ui/blocks/code_view.h"
#include "ui/blocks/prose_view.h"
#include "ui/blocks/regions_view.h"

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
    case Kind::Regions:
      widget = new RegionsView(context_, this);
      break;
  }
  layout_->addWidget(widget);
  segments_.push_back({kind, widget});
  return widget;
}

std::size_t MarkdownView::show_markdown(std::string_view text, Growth growth, std::size_t segment) {
  const QString whole = QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
  const std::vector<markdown::Block> blocks =
      markdown::parse(growth == Growth::Growing ? markdown::settled(whole) : whole);
  const std::span<const markdown::Block> all(blocks);
  for (std::size_t index = 0; index < blocks.size();) {
    const Kind kind = kind_of(blocks[index]);
    std::size_t end = index + 1;
    while (kind == Kind::Prose && end < blocks.size() && kind_of(blocks[end]) == Kind::Prose)
      ++end;
    QWidget* widget = segment_widget(segment++, kind);
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
      case Kind::Regions:
        break;  // no block of Markdown is
    }
    index = end;
  }
  return segment;
}

// Lists that do not say which picture they are about are, where there is one for each picture, in their order.
std::size_t MarkdownView::show_regions(const agent::RegionText& stretch, std::size_t ordinal,
                                       const std::vector<agent::AttachmentPart>& files, std::size_t segment) {
  std::vector<agent::RegionFrame> wholes = agent::frames_of(files);
  std::erase_if(wholes, [](const agent::RegionFrame& frame) { return frame.part != 0; });
  RegionsView::Content content;
  content.stretch = stretch;
  content.source = text_.substr(stretch.begin, stretch.end - stretch.begin);
  content.files = files;
  content.unnamed = wholes[std::min(ordinal, wholes.size() - 1)];
  static_cast<RegionsView*>(segment_widget(segment, Kind::Regions))->set_content(content);
  return segment + 1;
}

void MarkdownView::set_part(const agent::Part& part, Growth growth) {
  const std::string& text = std::get<agent::TextPart>(part.content).text;
  if (text == text_ && growth == growth_) return;
  text_ = text;
  growth_ = growth;
  std::vector<agent::RegionText> regions = agent::find_regions(text_);
  const std::vector<agent::AttachmentPart> files =
      regions.empty() || !context_.files_before ? std::vector<agent::AttachmentPart>() : context_.files_before(part.id);
  if (!RegionsView::can_show(context_, files)) regions.clear();
  const std::string_view all(text_);
  std::size_t used = 0;
  std::size_t shown = 0;  // bytes
  for (std::size_t index = 0; index < regions.size(); ++index) {
    used = show_markdown(all.substr(shown, regions[index].begin - shown), Growth::Complete, used);
    used = show_regions(regions[index], index, files, used);
    shown = regions[index].end;
  }
  used = show_markdown(all.substr(shown), growth, used);
  while (segments_.size() > used) {
    delete segments_.back().widget;
    segments_.pop_back();
  }
}

}  // namespace facet::ui
