// The window without an agent and without a model: for looking at it, by hand or as a picture.
//
//   facet_offline [--scene NAME] [--screenshot FILE] [--scale 1|2] [--dark] [--size 1180x800]

#include <QAbstractButton>
#include <QAbstractScrollArea>
#include <QAction>
#include <QApplication>
#include <QCommandLineParser>
#include <QEventLoop>
#include <QImage>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QSettings>
#include <QTemporaryDir>
#include <QTimer>
#include <cstdio>

#include "tests/ui/support/scenes.h"
#include "ui/composer/composer.h"
#include "ui/main_window.h"
#include "ui/models/conversation_list_model.h"
#include "ui/settings.h"

namespace {

// The scale has to be known before the application exists.
void apply_scale(int argc, char** argv) {
  for (int index = 1; index + 1 < argc; ++index) {
    if (qstrcmp(argv[index], "--scale") == 0) qputenv("QT_SCALE_FACTOR", argv[index + 1]);
  }
}

QSize parse_size(const QString& text) {
  const QStringList sides = text.split('x');
  return {sides.value(0).toInt(), sides.value(1).toInt()};
}

void let_run(int milliseconds) {
  QEventLoop loop;
  QTimer::singleShot(milliseconds, &loop, &QEventLoop::quit);
  loop.exec();
}

// The window with the menus and dialogs above it.
QPixmap picture_of(QWidget& window) {
  QPixmap picture = window.grab();
  QPainter painter(&picture);
  const QWidgetList all = QApplication::topLevelWidgets();
  for (QWidget* above : all) {
    if (above != &window && above->isVisible()) painter.drawPixmap(above->pos() - window.pos(), above->grab());
  }
  return picture;
}

// As if its row in the list had been chosen.
void open_first_recording(QWidget& window) {
  auto* list = window.findChild<QListView*>("conversationList");
  for (int row = 0; row < list->model()->rowCount(); ++row) {
    const QModelIndex index = list->model()->index(row, 0);
    if (index.data(facet::ui::ConversationListModel::KindRole) == facet::ui::ConversationListModel::Recording)
      return emit list->activated(index);
  }
}

// Does to the window what the options ask for, and writes what it then looks like.
int take_screenshot(QWidget& window, const QCommandLineParser& parser) {
  let_run(300);
  if (parser.isSet("query")) window.findChild<QLineEdit*>("searchEdit")->setText(parser.value("query"));
  for (const QString& name : parser.values("press")) {
    const QList<QAbstractButton*> buttons = window.findChildren<QAbstractButton*>();
    for (QAbstractButton* button : buttons) {
      if (button->isVisible() && (button->objectName() == name || button->accessibleName().startsWith(name)))
        button->click();
    }
    for (QAction* action : window.actions()) {
      if (action->text().startsWith(name)) action->trigger();
    }
    let_run(100);
  }
  if (parser.isSet("attach")) window.findChild<facet::ui::Composer*>()->attach(parser.values("attach"));
  if (parser.isSet("text")) window.findChild<QPlainTextEdit*>("composerEdit")->setPlainText(parser.value("text"));
  if (parser.isSet("scroll")) {
    QScrollBar* bar = window.findChild<QAbstractScrollArea*>("transcriptView")->verticalScrollBar();
    bar->setValue(bar->maximum() * parser.value("scroll").toInt() / 100);
  }
  let_run(parser.value("scene") == "reading" ? 1300 : 400);  // it is shown after a second
  if (picture_of(window).save(parser.value("screenshot"))) return 0;
  std::fprintf(stderr, "facet_offline: the picture can not be written to %s\n", qPrintable(parser.value("screenshot")));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace facet;
  apply_scale(argc, argv);
  QApplication application(argc, argv);
  QCommandLineParser parser;
  parser.addHelpOption();
  parser.addOption({"scene", "One of: " + ui::test::scene_names().join(", "), "name", "chat"});
  parser.addOption({"screenshot", "Writes the window to a picture and ends.", "file"});
  parser.addOption({"scale", "Device pixels per pixel.", "factor", "1"});
  parser.addOption({"size", "Size of the window.", "size", "1180x800"});
  parser.addOption({"query", "What is in the search field.", "words"});
  parser.addOption({"press", "Presses the button with this object name.", "name"});
  parser.addOption({"attach", "Attaches this file.", "file"});
  parser.addOption({"text", "What is in the composer.", "words"});
  parser.addOption({"scroll", "Where the conversation is scrolled to, from 0 to 100.", "percent"});
  parser.addOption({"dark", "Dark colours."});
  parser.addOption({"contrast", "High contrast."});
  parser.process(application);

  const QTemporaryDir scratch;
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, scratch.path());
  ui::window_settings().setValue("appearance", parser.isSet("dark") ? "dark" : "light");

  ui::window_settings().setValue("high-contrast", parser.isSet("contrast"));

  ui::MainWindow* target = nullptr;
  const std::filesystem::path database = scratch.filePath("facet.sqlite").toStdString();
  ui::test::ScriptedAgent agent(database, [&target](const agent::Event& event) {
    if (target != nullptr) target->post_event(event);
  });
  ui::test::write_history(agent);

  ui::WindowContext context;
  context.submit = [&agent](const agent::Op& op) { agent.submit(op); };
  context.database = database;
  context.default_folders = {"/home/maria/move"};
  context.decode_picture = [](const std::string& path, int side) {
    const QImage image(QString::fromStdString(path));
    return image.isNull() ? image : image.scaled(side, side, Qt::KeepAspectRatio, Qt::SmoothTransformation);
  };
  ui::MainWindow window(std::move(context));
  target = &window;
  window.resize(parse_size(parser.value("size")));
  window.show();
  const bool by_hand = !parser.isSet("screenshot");
  const QString question = ui::test::prepare_scene(parser.value("scene"), agent);
  if (by_hand) agent.set_pace(20);
  const QStringList files = ui::test::prepare_files(parser.value("scene"), scratch.path(), agent);
  let_run(100);
  if (!files.isEmpty()) window.findChild<ui::Composer*>()->attach(files);
  if (!question.isEmpty()) {
    window.findChild<QPlainTextEdit*>("composerEdit")->setPlainText(question);
    window.findChild<QAbstractButton*>("sendButton")->click();
  }
  let_run(100);
  ui::test::finish_scene(parser.value("scene"), agent);
  if (parser.value("scene") == "recording") open_first_recording(window);
  if (by_hand) return QApplication::exec();
  return take_screenshot(window, parser);
}
