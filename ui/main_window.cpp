#include "ui/main_window.h"

#include <QActionGroup>
#include <QApplication>
#include <QCloseEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QMenu>
#include <QShortcut>
#include <QStackedWidget>

#include "ui/event_queue.h"
#include "ui/models/window_model.h"
#include "ui/pages/conversation_page.h"
#include "ui/pages/memory_dialog.h"
#include "ui/pages/permissions_dialog.h"
#include "ui/pages/recording_page.h"
#include "ui/recording_drop.h"
#include "ui/settings.h"
#include "ui/sidebar/conversation_sidebar.h"
#include "ui/theme.h"

namespace facet::ui {
namespace {

const QSize kFirstSize(1180, 800);
const QSize kLeastSize(720, 480);

}  // namespace

struct MainWindow::State {
  Theme theme;
  WindowModel model;
  EventQueue events;
  QMenu menu;
  ConversationSidebar* sidebar = nullptr;
  QStackedWidget* pages = nullptr;
  ConversationPage* page = nullptr;
  RecordingPage* recording = nullptr;

  explicit State(WindowContext context)
      : model(std::move(context)), events([this](const agent::Event& event) { model.fold(event); }) {}
};

MainWindow::MainWindow(WindowContext context, QWidget* parent)
    : QMainWindow(parent), state_(std::make_unique<State>(std::move(context))) {
  setWindowTitle(QStringLiteral("Facet"));
  setWindowIcon(QIcon(QStringLiteral(":/icons/facet.svg")));
  setMinimumSize(kLeastSize);

  auto* centre = new QWidget(this);
  auto* row = new QHBoxLayout(centre);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(0);
  state_->sidebar = new ConversationSidebar(state_->theme, state_->model, centre);
  state_->pages = new QStackedWidget(centre);
  state_->page = new ConversationPage(state_->theme, state_->model, state_->pages);
  state_->recording = new RecordingPage(state_->theme, state_->model, state_->pages);
  state_->pages->addWidget(state_->page);
  state_->pages->addWidget(state_->recording);
  row->addWidget(state_->sidebar);
  row->addWidget(state_->pages, 1);
  setCentralWidget(centre);
  for (QWidget* target : {static_cast<QWidget*>(state_->sidebar), static_cast<QWidget*>(state_->recording)})
    new RecordingDrop(state_->theme, target, [this](const QString& path) { state_->model.import_recording(path); });

  connect(state_->sidebar, &ConversationSidebar::newRequested, this, [this] { open_conversation(0, 0); });
  connect(state_->sidebar, &ConversationSidebar::hideRequested, this, [this] { show_list(false); });
  connect(state_->sidebar, &ConversationSidebar::opened, this, &MainWindow::open_conversation);
  connect(state_->sidebar, &ConversationSidebar::recordingOpened, this, &MainWindow::open_recording);
  connect(state_->recording, &RecordingPage::newRequested, this, [this] { open_conversation(0, 0); });
  connect(state_->recording, &RecordingPage::showListRequested, this, [this] { show_list(true); });
  connect(&state_->model, &WindowModel::recordingChanged, this, [this] {
    QWidget* shown = state_->model.recording() == nullptr ? static_cast<QWidget*>(state_->page) : state_->recording;
    state_->pages->setCurrentWidget(shown);
    if (shown == state_->recording) state_->recording->focus_list();
  });
  connect(state_->page, &ConversationPage::newRequested, this, [this] { open_conversation(0, 0); });
  connect(state_->page, &ConversationPage::showListRequested, this, [this] { show_list(true); });
  build_actions();
  state_->sidebar->set_application_menu(&state_->menu);

  const QSettings settings = window_settings();
  if (!restoreGeometry(settings.value("geometry").toByteArray())) resize(kFirstSize);
  show_list(settings.value("list", true).toBool());
  state_->page->focus_composer();
}

// The widgets look at the theme and the models, so they go first.
MainWindow::~MainWindow() {
  delete takeCentralWidget();
}

void MainWindow::post_event(const agent::Event& event) {
  state_->events.post(event);
}

void MainWindow::build_actions() {
  QMenu& menu = state_->menu;
  const auto add = [this, &menu](const QString& text, const QKeySequence& keys, auto slot) {
    QAction* action = menu.addAction(text);
    action->setShortcut(keys);
    action->setShortcutVisibleInContextMenu(true);
    connect(action, &QAction::triggered, this, slot);
    // In the window, too: a menu that is not shown has no shortcuts.
    addAction(action);
    return action;
  };
  menu.setAccessibleName(tr("Menu"));
  add(tr("New conversation"), QKeySequence::New, [this] { open_conversation(0, 0); });
  add(tr("Search"), QKeySequence::Find, [this] {
    show_list(true);
    state_->sidebar->focus_search();
  });
  add(tr("Import recording…"), Qt::CTRL | Qt::Key_I, [this] { choose_recording(); });
  menu.addSeparator();
  add(tr("Rename"), Qt::Key_F2, [this] {
    show_list(true);
    state_->sidebar->rename_current();
  });
  add(tr("Delete…"), {}, [this] { state_->sidebar->ask_to_remove_current(); });
  menu.addSeparator();
  add(tr("Write a message"), Qt::CTRL | Qt::Key_L, [this] { state_->page->focus_composer(); });
  add(tr("Attach files…"), QKeySequence::Open, [this] { state_->page->choose_files(); });
  add(tr("Write a plan"), Qt::CTRL | Qt::SHIFT | Qt::Key_P, [this] { state_->page->write_plan(); });
  QAction* capture = add(tr("Capture a region of the screen"), Qt::CTRL | Qt::SHIFT | Qt::Key_S,
                         [this] { state_->page->capture_region(); });
  capture->setEnabled(state_->model.screens() != nullptr);
  add(tr("Open a model file…"), {}, [this] { state_->page->choose_model(); });
  add(tr("Permissions…"), {}, [this] { show_permissions(state_->theme, state_->model, this); });
  add(tr("Memory…"), {}, [this] { show_memory(state_->theme, state_->model, this); });
  menu.addSeparator();
  add(tr("Show or hide the list"), Qt::CTRL | Qt::Key_B, [this] { show_list(state_->sidebar->isHidden()); });

  QMenu* appearance = menu.addMenu(tr("Appearance"));
  auto* group = new QActionGroup(this);
  const std::pair<Appearance, QString> choices[] = {
      {Appearance::System, tr("As the desktop")}, {Appearance::Light, tr("Light")}, {Appearance::Dark, tr("Dark")}};
  for (const auto& [choice, text] : choices) {
    QAction* action = appearance->addAction(text);
    action->setCheckable(true);
    action->setChecked(state_->theme.appearance() == choice);
    group->addAction(action);
    connect(action, &QAction::triggered, this, [this, value = choice] { state_->theme.set_appearance(value); });
  }
  appearance->addSeparator();
  QAction* contrast = appearance->addAction(tr("High contrast"));
  contrast->setCheckable(true);
  contrast->setChecked(state_->theme.has_high_contrast());
  connect(contrast, &QAction::toggled, this, [this](bool high) { state_->theme.set_high_contrast(high); });
  menu.addSeparator();
  add(tr("Quit"), QKeySequence(Qt::CTRL | Qt::Key_Q), [this] {
    close();
    QApplication::quit();
  });
}

void MainWindow::show_list(bool shown) {
  state_->sidebar->setVisible(shown);
  state_->page->set_list_hidden(!shown);
  state_->recording->set_list_hidden(!shown);
}

void MainWindow::open_conversation(agent::ConversationId conversation, agent::MessageId message) {
  state_->model.open(conversation);
  if (message != 0) state_->page->reveal(message);
  state_->page->focus_composer();
}

void MainWindow::open_recording(agent::TranscriptId recording, agent::SegmentId segment) {
  state_->model.open_recording(recording);
  if (segment != 0) state_->recording->reveal(segment);
}

void MainWindow::choose_recording() {
  auto* dialog = new QFileDialog(this, tr("Import a recording"));
  dialog->setObjectName("importDialog");
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::ExistingFiles);
  dialog->setNameFilters(
      {tr("Sound and video (%1)").arg("*." + recording_suffixes().join(QStringLiteral(" *."))), tr("All files (*)")});
  connect(dialog, &QFileDialog::filesSelected, this, [this](const QStringList& paths) {
    for (const QString& path : paths)
      state_->model.import_recording(path);
  });
  dialog->open();
}

// A window that was left open over night calls yesterday what was today.
void MainWindow::changeEvent(QEvent* event) {
  if (event->type() == QEvent::ActivationChange && isActiveWindow()) state_->model.conversations().regroup();
  QMainWindow::changeEvent(event);
}

void MainWindow::closeEvent(QCloseEvent* event) {
  QSettings settings = window_settings();
  settings.setValue("geometry", saveGeometry());
  settings.setValue("list", state_->sidebar->isVisible());
  QMainWindow::closeEvent(event);
}

}  // namespace facet::ui
