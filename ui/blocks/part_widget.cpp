#include "ui/blocks/part_widget.h"

#include "ui/blocks/attachment_chip.h"
#include "ui/blocks/call_card.h"
#include "ui/blocks/markdown_view.h"
#include "ui/blocks/notice_view.h"
#include "ui/blocks/thought_view.h"

namespace facet::ui {
namespace {

struct Chooser {
  const BlockContext& context;
  QWidget* parent;

  PartWidget* operator()(const agent::TextPart&) const { return new MarkdownView(context, parent); }
  PartWidget* operator()(const agent::ThoughtPart&) const { return new ThoughtView(context, parent); }
  PartWidget* operator()(const agent::CallPart&) const { return new CallCard(context, parent); }
  PartWidget* operator()(const agent::AttachmentPart&) const { return new AttachmentChip(context, parent); }
  PartWidget* operator()(const agent::NoticePart&) const { return new NoticeView(context, parent); }
};

}  // namespace

PartWidget* make_part_widget(const agent::Part& part, const BlockContext& context, QWidget* parent) {
  return std::visit(Chooser{context, parent}, part.content);
}

}  // namespace facet::ui
