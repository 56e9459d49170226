#include "ui/blocks/code_view.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

#include "ui/blocks/mono_view.h"
#include "ui/markdown/highlight.h"
#include "ui/widgets/copy_button.h"

namespace facet::ui {

CodeView::CodeView(const BlockContext& context, QWidget* parent)
    : Card(context.theme, &Colors::surface_sunken, &Colors::border, radius::kMedium, parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);

  auto* head = new QHBoxLayout;
  head->setContentsMargins(space::kLarge, space::kTiny, space::kTiny, 0);
  language_ = new ThemedLabel(context.theme, Type::Caption, &Colors::text_muted, this);
  auto* copy = new CopyButton(
      context.theme, tr("Copy code"), [this] { return code_; }, this);
  head->addWidget(language_, 1);
  head->addWidget(copy);
  column->addLayout(head);

  text_ = new MonoView(context.theme, MonoView::Wrap::Never, this);
  text_->setAccessibleName(tr("Code"));
  auto* body = new QVBoxLayout;
  body->setContentsMargins(space::kLarge, 2, space::kLarge, space::kMedium);
  body->addWidget(text_);
  column->addLayout(body);
}

void CodeView::set_code(const markdown::Code& code) {
  code_ = code.text;
  const QString title = markdown::language_title(code.language);
  language_->set_full_text(title.isEmpty() ? tr("Text") : title);
  text_->set_language(code.language);
  text_->set_text(code.text);
}

}  // namespace facet::ui
