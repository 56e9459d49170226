#include "ui/pages/start_page.h"

#include <QGridLayout>
#include <QVBoxLayout>

#include "ui/phrases.h"
#include "ui/widgets/small_widgets.h"
#include "ui/widgets/suggestion_button.h"

namespace facet::ui {

StartPage::StartPage(const Theme& theme, QWidget* parent) : QWidget(parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(space::kHuge, space::kHuge, space::kHuge, space::kHuge);
  column->setSpacing(space::kSmall);
  column->addStretch(2);
  column->addWidget(new IconView(theme, Icon::Logo, &Colors::accent, 44, this), 0, Qt::AlignHCenter);
  column->addSpacing(space::kSmall);
  auto* title = new ThemedText(theme, Type::Display, &Colors::text, this);
  title->setText(tr("What would you like to know?"));
  title->setAlignment(Qt::AlignHCenter);
  column->addWidget(title);
  line_ = new ThemedText(theme, Type::Body, &Colors::text_muted, this);
  line_->setAlignment(Qt::AlignHCenter);
  column->addWidget(line_);
  column->addSpacing(space::kLarge);

  auto* frame = new QWidget(this);
  frame->setMaximumWidth(620);
  auto* grid = new QGridLayout(frame);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setSpacing(space::kMedium);
  const QString list_question = tr("Which files are in this folder?");
  auto* list = new SuggestionButton(theme, Icon::Folder, tr("What files are here?"),
                                    tr("Lists the files of your folder"), frame);
  auto* find = new SuggestionButton(theme, Icon::Search, tr("Find a word in my files"),
                                    tr("Searches the text of every file"), frame);
  auto* read = new SuggestionButton(theme, Icon::File, tr("Ask about a file by name"),
                                    tr("Reads it and answers from it"), frame);
  auto* attach =
      new SuggestionButton(theme, Icon::Attach, tr("Attach a file and ask"), tr("Any file from your disk"), frame);
  grid->addWidget(list, 0, 0);
  grid->addWidget(find, 0, 1);
  grid->addWidget(read, 1, 0);
  grid->addWidget(attach, 1, 1);
  auto* centre = new QHBoxLayout;
  centre->addStretch(1);
  centre->addWidget(frame, 100);
  centre->addStretch(1);
  column->addLayout(centre);
  column->addStretch(3);

  connect(list, &QAbstractButton::clicked, this, [this, list_question] { emit askSuggested(list_question); });
  connect(find, &QAbstractButton::clicked, this, [this] {
    const QString text = tr("Find the word  in my files.");
    emit draftSuggested(text, text.indexOf(QStringLiteral("  ")) + 1);
  });
  connect(read, &QAbstractButton::clicked, this, [this] {
    const QString text = tr("What is the  in  ?");
    emit draftSuggested(text, text.indexOf(QStringLiteral("  ")) + 1);
  });
  connect(attach, &QAbstractButton::clicked, this, &StartPage::attachSuggested);
  set_folders({});
}

void StartPage::set_folders(const QStringList& folders) {
  line_->setText(folders.isEmpty() ? tr("Choose a folder below, and ask about what is in it.")
                                   : tr("Answers come from the files in %1, and nothing leaves this machine.")
                                         .arg(phrases::short_path(folders.first())));
}

}  // namespace facet::ui
