#include "ui/composer/thinking_button.h"

#include <QActionGroup>
#include <QLocale>
#include <QMenu>
#include <vector>

namespace facet::ui {
namespace {

struct Choice {
  QString name;
  qint64 tokens = 0;
};

std::vector<Choice> choices() {
  return {{ThinkingButton::tr("Off"), 0},
          {ThinkingButton::tr("Short"), 512},
          {ThinkingButton::tr("Medium"), 2048},
          {ThinkingButton::tr("Long"), 8192}};
}

}  // namespace

ThinkingButton::ThinkingButton(const Theme& theme, QWidget* parent) : TextButton(theme, {}, Look::Ghost, parent) {
  setObjectName("thinkingButton");
  setFont(theme.font(Type::Small));
  set_leading_icon(Icon::Thought);
  set_trailing_icon(Icon::ChevronDown);
  connect(this, &QPushButton::clicked, this, &ThinkingButton::open_menu);
  set_thinking(0);
}

void ThinkingButton::set_thinking(qint64 tokens) {
  tokens_ = tokens;
  QString name = tr("up to %1").arg(QLocale().toString(tokens));
  for (const Choice& choice : choices())
    if (choice.tokens == tokens) name = choice.name;
  setText(tokens == 0 ? tr("Thinking off") : tr("Thinking: %1").arg(name.toLower()));
  const QString what = tokens == 0 ? tr("The model answers without thinking first")
                                   : tr("The model may think up to %1 tokens before each thing that it says or does")
                                         .arg(QLocale().toString(tokens));
  setToolTip(what);
  setAccessibleName(text());
  setAccessibleDescription(what);
  updateGeometry();
  update();
}

void ThinkingButton::open_menu() {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  auto* group = new QActionGroup(menu);
  for (const Choice& choice : choices()) {
    QAction* entry = menu->addAction(
        choice.tokens == 0 ? choice.name : tr("%1, %2 tokens").arg(choice.name, QLocale().toString(choice.tokens)));
    entry->setCheckable(true);
    entry->setChecked(choice.tokens == tokens_);
    group->addAction(entry);
    connect(entry, &QAction::triggered, this, [this, choice] { emit thinkingChosen(choice.tokens); });
  }
  menu->popup(mapToGlobal(QPoint(0, -menu->sizeHint().height() - space::kTiny)));
}

}  // namespace facet::ui
