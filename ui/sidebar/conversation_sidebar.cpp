#include "ui/sidebar/conversation_sidebar.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QMessageBox>
#include <QPainter>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/sidebar/row_delegates.h"
#include "ui/sidebar/search_field.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/small_widgets.h"

namespace facet::ui {
namespace {

constexpr int kSearchDelayMs = 120;

QListView* make_list(const Theme& theme, QWidget* parent) {
  auto* list = new QListView(parent);
  list->setFrameShape(QFrame::NoFrame);
  list->setFont(theme.font(Type::Small));
  list->setMouseTracking(true);
  list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  list->setResizeMode(QListView::Adjust);
  list->setSelectionMode(QAbstractItemView::SingleSelection);
  list->viewport()->setAutoFillBackground(false);
  list->setEditTriggers(QAbstractItemView::NoEditTriggers);
  return list;
}

}  // namespace

ConversationSidebar::ConversationSidebar(const Theme& theme, WindowModel& model, QWidget* parent)
    : QWidget(parent), theme_(theme), model_(model) {
  setFixedWidth(size::kSidebar);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 1, space::kSmall);
  column->setSpacing(space::kSmall);
  column->addWidget(build_head());
  search_ = new SearchField(theme, this);
  auto* search_row = new QHBoxLayout;
  search_row->setContentsMargins(space::kMedium, 0, space::kMedium, 0);
  search_row->addWidget(search_);
  column->addLayout(search_row);
  pages_ = new QStackedWidget(this);
  column->addWidget(pages_, 1);
  build_lists();
  connect_lists();
  show_page();
}

QWidget* ConversationSidebar::build_head() {
  auto* head = new QWidget(this);
  head->setFixedHeight(size::kHeader);
  auto* row = new QHBoxLayout(head);
  row->setContentsMargins(space::kMedium, 0, space::kMedium, 0);
  row->setSpacing(space::kTiny);
  menu_button_ = new IconButton(theme_, Icon::Menu, tr("Menu"), head);
  menu_button_->setObjectName("menuButton");
  auto* name = new ThemedLabel(theme_, Type::Title, &Colors::text, head);
  name->set_full_text(QStringLiteral("Facet"));
  auto* hide = new IconButton(theme_, Icon::Sidebar, tr("Hide the list"), head);
  hide->setObjectName("hideSidebarButton");
  hide->set_name(tr("Hide the list"), QKeySequence(Qt::CTRL | Qt::Key_B).toString(QKeySequence::NativeText));
  auto* compose = new IconButton(theme_, Icon::Compose, tr("New conversation"), head);
  compose->setObjectName("newConversationButton");
  compose->set_name(tr("New conversation"), QKeySequence(QKeySequence::New).toString(QKeySequence::NativeText));
  row->addWidget(menu_button_);
  row->addSpacing(space::kTiny);
  row->addWidget(name, 1);
  row->addWidget(hide);
  row->addWidget(compose);
  connect(menu_button_, &QToolButton::clicked, this, [this] {
    if (menu_ != nullptr) menu_->popup(menu_button_->mapToGlobal(QPoint(0, menu_button_->height() + space::kTiny)));
  });
  connect(hide, &QToolButton::clicked, this, &ConversationSidebar::hideRequested);
  connect(compose, &QToolButton::clicked, this, &ConversationSidebar::newRequested);
  return head;
}

QWidget* ConversationSidebar::build_empty_page(const QString& title, const QString& text) {
  auto* page = new QWidget(this);
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(space::kHuge, space::kVast, space::kHuge, space::kHuge);
  column->setSpacing(space::kTiny);
  auto* head = new ThemedText(theme_, Type::Small, &Colors::text, page);
  head->setText(title);
  head->setAlignment(Qt::AlignHCenter);
  auto* body = new ThemedText(theme_, Type::Caption, &Colors::text_muted, page);
  body->setText(text);
  body->setAlignment(Qt::AlignHCenter);
  column->addWidget(head);
  column->addWidget(body);
  column->addStretch(1);
  return page;
}

void ConversationSidebar::build_lists() {
  list_ = make_list(theme_, this);
  list_->setObjectName("conversationList");
  list_->setAccessibleName(tr("Conversations"));
  list_->setContextMenuPolicy(Qt::CustomContextMenu);
  list_->setModel(&model_.conversations());
  delegate_ = new ConversationDelegate(theme_, list_);
  list_->setItemDelegate(delegate_);
  list_->installEventFilter(this);
  results_ = make_list(theme_, this);
  results_->setObjectName("searchResults");
  results_->setAccessibleName(tr("Found"));
  results_->setModel(&model_.search_results());
  results_->setItemDelegate(new SearchDelegate(theme_, results_));
  nothing_yet_ = build_empty_page(tr("No conversations yet"), tr("What you ask is kept here, on this machine only."));
  nothing_found_ = build_empty_page(tr("Nothing found"), tr("Try fewer words, or the beginning of a word."));
  for (QWidget* page : {static_cast<QWidget*>(list_), static_cast<QWidget*>(results_), nothing_yet_, nothing_found_}) {
    pages_->addWidget(page);
  }
}

void ConversationSidebar::connect_lists() {
  search_delay_.setSingleShot(true);
  search_delay_.setInterval(kSearchDelayMs);
  connect(&search_delay_, &QTimer::timeout, this, &ConversationSidebar::search);
  connect(search_, &QLineEdit::textChanged, &search_delay_, qOverload<>(&QTimer::start));
  search_->installEventFilter(this);

  // Clicked by the pointer, activated by the keyboard.
  connect(list_, &QListView::clicked, this, &ConversationSidebar::open_row);
  connect(list_, &QListView::activated, this, &ConversationSidebar::open_row);
  connect(list_, &QListView::customContextMenuRequested, this, &ConversationSidebar::open_context_menu);
  connect(results_, &QListView::clicked, this, &ConversationSidebar::open_result);
  connect(results_, &QListView::activated, this, &ConversationSidebar::open_result);
  connect(delegate_, &ConversationDelegate::renamed, this,
          [this](qlonglong conversation, const QString& title) { model_.rename(conversation, title); });
  connect(delegate_, &ConversationDelegate::recordingRenamed, this, [this](qlonglong recording, const QString& title) {
    model_.submit(agent::RenameTranscript{recording, title.toStdString()});
  });
  connect(&model_, &WindowModel::currentChanged, this, &ConversationSidebar::select_current);
  connect(&model_, &WindowModel::recordingChanged, this, &ConversationSidebar::select_current);
  const auto refresh = [this] {
    show_page();
    select_current();
  };
  for (const auto signal : {&QAbstractItemModel::modelReset})
    connect(&model_.conversations(), signal, this, refresh);
  connect(&model_.conversations(), &QAbstractItemModel::rowsInserted, this, refresh);
  connect(&model_.conversations(), &QAbstractItemModel::rowsRemoved, this, refresh);
  connect(&model_.search_results(), &QAbstractItemModel::modelReset, this, &ConversationSidebar::show_page);
}

void ConversationSidebar::set_application_menu(QMenu* menu) {
  menu_ = menu;
}

void ConversationSidebar::focus_search() {
  search_->setFocus(Qt::ShortcutFocusReason);
  search_->selectAll();
}

void ConversationSidebar::clear_search() {
  search_->clear();
  search_delay_.stop();
  search();
}

void ConversationSidebar::search() {
  model_.search(search_->text());
  show_page();
}

void ConversationSidebar::show_page() {
  const bool searching = !search_->text().trimmed().isEmpty();
  QWidget* page = list_;
  if (searching) {
    page = model_.search_results().rowCount() > 0 ? static_cast<QWidget*>(results_) : nothing_found_;
  } else if (model_.conversations().is_empty()) {
    page = nothing_yet_;
  }
  pages_->setCurrentWidget(page);
}

int ConversationSidebar::current_row() {
  if (model_.recording() != nullptr)
    return model_.conversations().row_of_recording(model_.recording()->transcript().id);
  return model_.conversations().row_of(model_.current());
}

void ConversationSidebar::open_row(const QModelIndex& index) {
  const qlonglong id = index.data(ConversationListModel::IdRole).toLongLong();
  if (index.data(ConversationListModel::KindRole).toInt() == ConversationListModel::Recording) {
    emit recordingOpened(id, 0);
  } else {
    emit opened(id, 0);
  }
}

void ConversationSidebar::select_current() {
  const int row = current_row();
  if (row < 0) {
    list_->clearSelection();
    list_->setCurrentIndex({});
    return;
  }
  const QModelIndex index = model_.conversations().index(row);
  if (list_->currentIndex() != index || !list_->selectionModel()->isSelected(index)) list_->setCurrentIndex(index);
}

void ConversationSidebar::rename_current() {
  const int row = current_row();
  if (row < 0) return;
  clear_search();
  const QModelIndex index = model_.conversations().index(row);
  list_->scrollTo(index);
  list_->edit(index);
}

void ConversationSidebar::ask_to_remove(agent::ConversationId conversation) {
  const int row = model_.conversations().row_of(conversation);
  if (row >= 0) ask_to_remove_row(model_.conversations().index(row));
}

void ConversationSidebar::ask_to_remove_current() {
  const int row = current_row();
  if (row >= 0) ask_to_remove_row(model_.conversations().index(row));
}

void ConversationSidebar::ask_to_remove_row(const QModelIndex& index) {
  const qlonglong id = index.data(ConversationListModel::IdRole).toLongLong();
  const QString question = tr("Delete “%1”?").arg(index.data().toString());
  switch (index.data(ConversationListModel::KindRole).toInt()) {
    case ConversationListModel::Entry:
      return ask(tr("Delete conversation"), question,
                 tr("Its messages and the record of its tool calls are removed for good."),
                 [this, id] { model_.remove(id); });
    case ConversationListModel::Recording:
      return ask(tr("Delete transcript"), question,
                 tr("What was written down is removed for good. The recording itself stays where it is."),
                 [this, id] { model_.submit(agent::RemoveTranscript{id}); });
    default:
      return;
  }
}

void ConversationSidebar::ask(const QString& title, const QString& text, const QString& consequence,
                              const std::function<void()>& remove) {
  auto* question = new QMessageBox(window());
  question->setObjectName("removeDialog");
  question->setAttribute(Qt::WA_DeleteOnClose);
  question->setWindowTitle(title);
  question->setText(text);
  question->setInformativeText(consequence);
  QPushButton* button = question->addButton(tr("Delete"), QMessageBox::DestructiveRole);
  question->setDefaultButton(question->addButton(tr("Keep"), QMessageBox::RejectRole));
  connect(button, &QPushButton::clicked, this, remove);
  question->open();
}

void ConversationSidebar::open_context_menu(const QPoint& where) {
  const QModelIndex index = list_->indexAt(where);
  if (index.data(ConversationListModel::IdRole).toLongLong() == 0) return;
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  const QPersistentModelIndex kept(index);
  connect(menu->addAction(tr("Open")), &QAction::triggered, this, [this, kept] {
    if (kept.isValid()) open_row(kept);
  });
  connect(menu->addAction(tr("Rename")), &QAction::triggered, this, [this, kept] {
    if (kept.isValid()) list_->edit(kept);
  });
  menu->addSeparator();
  connect(menu->addAction(tr("Delete…")), &QAction::triggered, this, [this, kept] {
    if (kept.isValid()) ask_to_remove_row(kept);
  });
  menu->popup(list_->viewport()->mapToGlobal(where));
}

void ConversationSidebar::open_result(const QModelIndex& index) {
  if (!index.isValid()) return;
  if (const qlonglong recording = index.data(SearchModel::RecordingRole).toLongLong(); recording != 0) {
    emit recordingOpened(recording, index.data(SearchModel::SegmentRole).toLongLong());
    return;
  }
  emit opened(index.data(SearchModel::IdRole).toLongLong(), index.data(SearchModel::MessageRole).toLongLong());
}

bool ConversationSidebar::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::KeyPress) return QWidget::eventFilter(watched, event);
  const int key = static_cast<QKeyEvent*>(event)->key();
  const bool is_return = key == Qt::Key_Return || key == Qt::Key_Enter;
  if (watched == search_) {
    if (key == Qt::Key_Escape && !search_->text().isEmpty()) {
      clear_search();
      return true;
    }
    if (key == Qt::Key_Down || is_return) {
      // What was typed last counts, even when the pause after it is not over.
      if (search_delay_.isActive()) {
        search_delay_.stop();
        search();
      }
      auto* shown = qobject_cast<QListView*>(pages_->currentWidget());
      if (shown == nullptr) return true;
      if (shown == results_ && is_return) {
        open_result(results_->model()->index(0, 0));
        return true;
      }
      shown->setFocus(Qt::TabFocusReason);
      if (!shown->currentIndex().isValid()) shown->setCurrentIndex(shown->model()->index(shown == results_ ? 0 : 1, 0));
      return true;
    }
  }
  // Not what a title that is being edited does not want.
  if (watched == list_ && list_->hasFocus() && key == Qt::Key_Delete) {
    ask_to_remove_row(list_->currentIndex());
    return true;
  }
  return QWidget::eventFilter(watched, event);
}

void ConversationSidebar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), theme_.colors().sidebar);
  painter.fillRect(QRect(width() - 1, 0, 1, height()), theme_.colors().border);
}

}  // namespace facet::ui
