#include "ui/pages/page_header.h"

#include <QHBoxLayout>
#include <QKeySequence>
#include <QMenu>

#include "ui/pages/model_button.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {

PageHeader::PageHeader(const Theme& theme, QWidget* parent) : QWidget(parent) {
  setFixedHeight(size::kHeader);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(space::kMedium, 0, space::kMedium, 0);
  row->setSpacing(space::kTiny);
  show_list_ = new IconButton(theme, Icon::Sidebar, tr("Show the list"), this);
  show_list_->setObjectName("showSidebarButton");
  show_list_->set_name(tr("Show the list"), QKeySequence(Qt::CTRL | Qt::Key_B).toString(QKeySequence::NativeText));
  compose_ = new IconButton(theme, Icon::Compose, tr("New conversation"), this);
  compose_->set_name(tr("New conversation"), QKeySequence(QKeySequence::New).toString(QKeySequence::NativeText));
  title_ = new ThemedLabel(theme, Type::Strong, &Colors::text, this);
  model_ = new ModelButton(theme, this);
  row->addWidget(show_list_);
  row->addWidget(compose_);
  row->addSpacing(space::kSmall);
  row->addWidget(title_, 1);
  row->addSpacing(space::kLarge);
  row->addWidget(model_);
  set_list_hidden(false);
  connect(show_list_, &QToolButton::clicked, this, &PageHeader::showListRequested);
  connect(compose_, &QToolButton::clicked, this, &PageHeader::newRequested);
  connect(model_, &QAbstractButton::clicked, this, &PageHeader::open_model_menu);
}

void PageHeader::set_title(const QString& title) {
  title_->set_full_text(title);
}

void PageHeader::set_list_hidden(bool hidden) {
  show_list_->setVisible(hidden);
  compose_->setVisible(hidden);
}

void PageHeader::set_model(const std::optional<agent::ModelChanged>& model) {
  practice_ = model && model->built_in;
  if (!model) {
    model_->set_model(ModelButton::State::Loading, tr("Loading the model"), {});
    return;
  }
  const QString name = QString::fromStdString(model->name);
  if (!model->error.empty()) {
    model_->set_model(ModelButton::State::Failed, tr("No model"), {});
  } else if (!model->ready) {
    model_->set_model(ModelButton::State::Loading,
                      name.isEmpty() ? tr("Loading the model") : tr("Loading %1").arg(name), {});
  } else {
    model_->set_model(ModelButton::State::Ready, name, QString::fromStdString(model->device));
  }
}

void PageHeader::open_model_menu() {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  connect(menu->addAction(tr("Open a model file…")), &QAction::triggered, this, &PageHeader::openModelRequested);
  QAction* practice = menu->addAction(tr("Use the practice model"));
  practice->setCheckable(true);
  practice->setChecked(practice_);
  connect(practice, &QAction::triggered, this, &PageHeader::practiceModelRequested);
  const QSize hint = menu->sizeHint();
  menu->popup(model_->mapToGlobal(QPoint(model_->width() - hint.width(), model_->height() + space::kTiny)));
}

}  // namespace facet::ui
