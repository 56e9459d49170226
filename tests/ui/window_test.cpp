#include <QAbstractButton>
#include <QAccessible>
#include <QApplication>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QSettings>
#include <QTemporaryDir>
#include <QTextEdit>
#include <QtTest>

#include "tests/agent/must.h"
#include "tests/ui/support/scenes.h"
#include "ui/blocks/approval_card.h"
#include "ui/composer/thinking_button.h"
#include "ui/main_window.h"
#include "ui/plan/plan_panel.h"
#include "ui/plan/plan_row.h"
#include "ui/settings.h"
#include "ui/widgets/buttons.h"

using namespace facet;
using namespace facet::ui;
using namespace facet::ui::test;

// The whole window on a scripted agent and a real store.
class WindowTest : public QObject {
  Q_OBJECT

 private slots:
  void init();
  void cleanup();
  void asks_and_shows_the_answer();
  void approval_sends_the_decision_data();
  void approval_sends_the_decision();
  void permissions_are_listed_and_revoked();
  void memory_is_listed_searched_and_deleted();
  void approval_takes_the_keyboard_but_no_key_answers_it();
  void approval_does_not_interrupt_writing();
  void escape_and_the_button_stop();
  void a_message_steers_what_is_being_written();
  void the_plan_is_shown_and_changed();
  void thinking_is_chosen_where_the_model_can();
  void nothing_is_sent_before_the_model_is_there();
  void practice_model_is_explained_until_dismissed();
  void drafts_belong_to_their_conversation();
  void says_how_long_reading_takes();
  void shows_how_far_it_has_read();
  void search_finds_and_opens();
  void search_says_when_nothing_is_found();
  void rename_and_delete();
  void conversations_come_back_after_a_restart();
  void folders_of_a_new_conversation_go_with_the_question();
  void suggestions_do_what_they_say();
  void failures_stay_visible();
  void every_control_has_a_name_data();
  void every_control_has_a_name();
  void the_tabulator_reaches_every_control();

 private:
  void open_window();
  void ask(const QString& question);
  template <typename T>
  T* child(const char* name) const {
    T* found = window_->findChild<T*>(name);
    if (found == nullptr) qFatal("no %s in the window", name);
    return found;
  }
  QString shown_text() const;
  const agent::Op& last_operation() const { return agent_->operations().back(); }

  std::unique_ptr<QTemporaryDir> scratch_;
  std::filesystem::path database_;
  std::unique_ptr<ScriptedAgent> agent_;
  std::unique_ptr<MainWindow> window_;
};

void WindowTest::init() {
  scratch_ = std::make_unique<QTemporaryDir>();
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, scratch_->path());
  database_ = scratch_->filePath("facet.sqlite").toStdString();
  agent_ = std::make_unique<ScriptedAgent>(database_, [this](const agent::Event& event) {
    if (window_) window_->post_event(event);
  });
}

void WindowTest::cleanup() {
  window_.reset();
  agent_.reset();
}

void WindowTest::open_window() {
  WindowContext context;
  context.submit = [this](const agent::Op& op) { agent_->submit(op); };
  context.database = database_;
  context.default_folders = {"/home/maria/move"};
  window_ = std::make_unique<MainWindow>(std::move(context));
  window_->resize(1100, 800);
  window_->show();
  QVERIFY(QTest::qWaitForWindowActive(window_.get()));
}

void WindowTest::ask(const QString& question) {
  auto* edit = child<QPlainTextEdit>("composerEdit");
  QTRY_VERIFY(!edit->isReadOnly());
  edit->setPlainText(question);
  auto* send = child<QAbstractButton>("sendButton");
  QTRY_VERIFY(send->isEnabled());
  QTest::keyClick(edit, Qt::Key_Return);
  QTRY_VERIFY(edit->toPlainText().isEmpty());
}

QString WindowTest::shown_text() const {
  QString text;
  for (const QTextEdit* block : window_->findChildren<QTextEdit*>()) {
    if (block->isVisible()) text += block->toPlainText() + '\n';
  }
  for (const QLabel* label : window_->findChildren<QLabel*>()) {
    if (label->isVisible()) text += label->text() + '\n';
  }
  return text;
}

void WindowTest::asks_and_shows_the_answer() {
  open_window();
  const QString question = prepare_scene("chat", *agent_);
  ask(question);
  const auto& turn = std::get<agent::UserTurn>(last_operation());
  QCOMPARE(turn.text, question.toStdString());
  QCOMPARE(turn.conversation, 0);
  QTRY_VERIFY(shown_text().contains("Moving the office"));
  QVERIFY(shown_text().contains(question));
  auto* gauge = child<QWidget>("contextGauge");
  QVERIFY2(gauge->accessibleName().contains("1,240") && gauge->accessibleName().contains("8,192"),
           qPrintable(gauge->accessibleName()));
  QVERIFY(child<QWidget>("modelLabel")->accessibleName().contains("Practice model"));
  ask("And then?");
  QCOMPARE(std::get<agent::UserTurn>(last_operation()).conversation, 1);
}

void WindowTest::approval_sends_the_decision_data() {
  QTest::addColumn<QString>("button");
  QTest::addColumn<int>("decision");
  QTest::newRow("once") << "approvalAllowOnce" << static_cast<int>(agent::Decision::AllowOnce);
  QTest::newRow("conversation") << "approvalConversation" << static_cast<int>(agent::Decision::AllowInConversation);
  QTest::newRow("always") << "approvalAlways" << static_cast<int>(agent::Decision::AllowAlwaysHere);
  QTest::newRow("deny") << "approvalDeny" << static_cast<int>(agent::Decision::Deny);
}

void WindowTest::approval_sends_the_decision() {
  QFETCH(QString, button);
  QFETCH(int, decision);
  open_window();
  ask(prepare_scene("approval", *agent_));
  QTRY_VERIFY(window_->findChild<QAbstractButton*>(button) != nullptr);
  const auto* card = window_->findChild<ApprovalCard*>();
  QVERIFY(card->accessibleDescription().contains("Read /home/maria/letters/landlord.txt"));
  auto* pressed = child<QAbstractButton>(qPrintable(button));
  QVERIFY(button != "approvalAlways" || pressed->text().contains("/home/maria/letters"));
  pressed->setFocus(Qt::TabFocusReason);
  QTest::keyClick(pressed, Qt::Key_Return);
  const auto* answer = std::get_if<agent::AnswerApproval>(&last_operation());
  QVERIFY(answer != nullptr);
  QCOMPARE(static_cast<int>(answer->decision), decision);
  QVERIFY(answer->approval != 0);
  QTRY_VERIFY(window_->findChild<ApprovalCard*>() == nullptr);
}

void WindowTest::permissions_are_listed_and_revoked() {
  open_window();
  must(agent_->store().add_grant(agent::Effect::Write, "/home/maria/move"));
  must(agent_->store().add_grant(agent::Effect::Read, "/home/maria/letters"));
  QAction* action = nullptr;
  for (QAction* each : window_->actions())
    if (each->text() == "Permissions…") action = each;
  QVERIFY(action != nullptr);
  action->trigger();
  auto* dialog = child<QDialog>("permissionsDialog");
  const auto buttons = [&] {
    QList<QAbstractButton*> found = dialog->findChildren<QAbstractButton*>("revokePermission");
    found.removeIf([](const QAbstractButton* button) { return !button->isVisible() || !button->isEnabled(); });
    return found;
  };
  QTRY_COMPARE(buttons().size(), 2);
  QCOMPARE(buttons().front()->accessibleName(), "Revoke: Change files in /home/maria/move");
  QTest::mouseClick(buttons().front(), Qt::LeftButton);
  QTRY_COMPARE(buttons().size(), 1);
  const auto* op = std::get_if<agent::RevokeGrant>(&last_operation());
  QVERIFY(op != nullptr && op->grant == 1);
  QCOMPARE(buttons().front()->accessibleName(), "Revoke: Read in /home/maria/letters");
  QTest::mouseClick(buttons().front(), Qt::LeftButton);
  QTRY_COMPARE(buttons().size(), 0);
  const auto says_nothing = [&] {
    const QList<QLabel*> labels = dialog->findChildren<QLabel*>();
    return std::any_of(labels.begin(), labels.end(),
                       [](const QLabel* label) { return label->text().startsWith("Nothing has been allowed"); });
  };
  QTRY_VERIFY(says_nothing());
  dialog->close();
}

void WindowTest::memory_is_listed_searched_and_deleted() {
  open_window();
  ask(prepare_scene("chat", *agent_));
  must(agent_->store().add_memory("José is allergic to nuts.", 1));
  must(agent_->store().add_memory("Answers should be short.", 0));
  QAction* action = nullptr;
  for (QAction* each : window_->actions())
    if (each->text() == "Memory…") action = each;
  QVERIFY(action != nullptr);
  action->trigger();
  auto* dialog = child<QDialog>("memoryDialog");
  const auto names = [&] {
    QStringList found;
    for (const QAbstractButton* button : dialog->findChildren<QAbstractButton*>("removeMemory"))
      if (button->isVisible()) found << button->accessibleName();
    return found;
  };
  QTRY_COMPARE(names().size(), 2);
  QVERIFY(names().contains("Delete: Answers should be short."));
  auto* search = dialog->findChild<QLineEdit*>("memorySearch");
  QCOMPARE(search->accessibleName(), "Search in memory");
  search->setFocus(Qt::TabFocusReason);
  QTest::keyClicks(search, "jose nut");
  QCOMPARE(names(), QStringList{"Delete: José is allergic to nuts."});
  // Return in the search deletes nothing and closes nothing.
  const std::size_t before = agent_->operations().size();
  QTest::keyClick(search, Qt::Key_Return);
  QVERIFY(dialog->isVisible());
  QCOMPARE(agent_->operations().size(), before);
  const auto says = [&](const QString& beginning) {
    const QList<QLabel*> labels = dialog->findChildren<QLabel*>();
    return std::any_of(labels.begin(), labels.end(),
                       [&](const QLabel* label) { return label->isVisible() && label->text().startsWith(beginning); });
  };
  search->setText("giraffe");
  QCOMPARE(names(), QStringList());
  QVERIFY(says("No entry has these words."));
  search->clear();
  QCOMPARE(names().size(), 2);

  QAbstractButton* remove = nullptr;
  for (QAbstractButton* button : dialog->findChildren<QAbstractButton*>("removeMemory"))
    if (button->accessibleName().endsWith("short.")) remove = button;
  remove->setFocus(Qt::TabFocusReason);
  QTest::keyClick(remove, Qt::Key_Space);
  QTRY_COMPARE(names(), QStringList{"Delete: José is allergic to nuts."});
  const auto* removal = std::get_if<agent::RemoveMemory>(&last_operation());
  QVERIFY(removal != nullptr && removal->memory == 2);

  // Something is kept while the dialog is open.
  must(agent_->store().add_memory("The van is booked.", 0));
  agent_->tell(agent::MemoryChanged{});
  QTRY_COMPARE(names().size(), 2);

  auto* clear = dialog->findChild<QAbstractButton*>("clearMemory");
  QTest::mouseClick(clear, Qt::LeftButton);
  auto* question = child<QMessageBox>("clearMemoryDialog");
  QCOMPARE(question->defaultButton()->text(), "Keep");
  for (QAbstractButton* button : question->buttons())
    if (button->text() == "Delete") QTest::mouseClick(button, Qt::LeftButton);
  QTRY_COMPARE(names(), QStringList());
  const auto* clearing = std::get_if<agent::RemoveMemory>(&last_operation());
  QVERIFY(clearing != nullptr && clearing->memory == 0);
  QVERIFY(says("Nothing is remembered yet."));
  QVERIFY(!clear->isVisible());
  QVERIFY(!search->isVisible());
  dialog->close();
}

void WindowTest::approval_takes_the_keyboard_but_no_key_answers_it() {
  open_window();
  ask(prepare_scene("approval", *agent_));
  QTRY_VERIFY(qobject_cast<ApprovalCard*>(QApplication::focusWidget()) != nullptr);
  const std::size_t before = agent_->operations().size();
  QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
  QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
  QCOMPARE(agent_->operations().size(), before);
  QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
  QCOMPARE(QApplication::focusWidget()->objectName(), "approvalAllowOnce");
}

void WindowTest::approval_does_not_interrupt_writing() {
  open_window();
  agent_->set_pace(5);
  ask(prepare_scene("approval", *agent_));
  auto* edit = child<QPlainTextEdit>("composerEdit");
  edit->setFocus();
  QTest::keyClicks(edit, "the next question");
  QTRY_VERIFY(window_->findChild<ApprovalCard*>() != nullptr);
  QCOMPARE(QApplication::focusWidget(), edit);
}

void WindowTest::escape_and_the_button_stop() {
  open_window();
  const QString question = prepare_scene("streaming", *agent_);
  ask(question);
  QTRY_VERIFY(child<QWidget>("stopButton")->isVisible());
  QTest::keyClick(child<QPlainTextEdit>("composerEdit"), Qt::Key_Escape);
  QVERIFY(std::holds_alternative<agent::StopTurn>(last_operation()));
  QTRY_VERIFY(child<QWidget>("sendButton")->isVisible());
  QTRY_VERIFY(shown_text().contains("Stopped"));
  ask(question);
  QTRY_VERIFY(child<QWidget>("stopButton")->isVisible());
  child<QAbstractButton>("stopButton")->click();
  QCOMPARE(std::get<agent::StopTurn>(last_operation()).conversation, 1);
}

void WindowTest::a_message_steers_what_is_being_written() {
  open_window();
  ask(prepare_scene("streaming", *agent_));
  QTRY_VERIFY(child<QWidget>("stopButton")->isVisible());
  auto* edit = child<QPlainTextEdit>("composerEdit");
  edit->setPlainText("In Python, please");
  QTest::keyClick(edit, Qt::Key_Return);
  const auto& steering = std::get<agent::UserTurn>(last_operation());
  QCOMPARE(steering.conversation, 1);
  QCOMPARE(steering.text, std::string("In Python, please"));
  // It stays to be seen until the agent has it, and can not be sent twice.
  QVERIFY(edit->isReadOnly());
  QCOMPARE(child<QLabel>("composerHint")->text(), QString("The model hears it before its next step"));
}

void WindowTest::the_plan_is_shown_and_changed() {
  open_window();
  ask(prepare_scene("streaming", *agent_));
  auto* panel = window_->findChild<PlanPanel*>();
  QVERIFY(!panel->isVisible());
  agent_->tell(agent::PlanChanged{
      1, {{"Read the list", agent::PlanStatus::Completed}, {"Count", agent::PlanStatus::InProgress}, {"Write", {}}}});
  QTRY_VERIFY(panel->isVisible());
  const auto steps = [&] { return panel->findChildren<QLineEdit*>("planStep"); };
  const auto last_plan = [&] { return std::get<agent::SetPlan>(last_operation()).steps; };
  QCOMPARE(steps().size(), 3);
  QVERIFY(child<QAbstractButton>("planHeader")->accessibleName().contains("1 of 3 done"));

  // Words are sent when they are done; what is written meanwhile is not lost to news.
  steps()[1]->setFocus();
  steps()[1]->selectAll();
  QTest::keyClicks(steps()[1], "Count twice");
  agent_->tell(agent::PlanChanged{
      1, {{"Read the list", agent::PlanStatus::Completed}, {"Count", agent::PlanStatus::Completed}, {"Write", {}}}});
  QTRY_VERIFY(child<QAbstractButton>("planHeader")->accessibleName().contains("2 of 3 done"));
  QCOMPARE(steps()[1]->text(), QString("Count twice"));
  QTest::keyClick(steps()[1], Qt::Key_Return);
  QCOMPARE(last_plan()[1].text, std::string("Count twice"));
  QVERIFY(last_plan()[1].status == agent::PlanStatus::Completed);

  // Ticked, moved, added and removed.
  panel->findChildren<StepMark*>()[2]->click();
  QVERIFY(last_plan()[2].status == agent::PlanStatus::InProgress);
  steps()[2]->setFocus();
  QTest::keyClick(steps()[2], Qt::Key_Up, Qt::AltModifier);
  QCOMPARE(last_plan()[1].text, std::string("Write"));
  auto* fresh = child<QLineEdit>("newPlanStep");
  fresh->setFocus();
  QTest::keyClicks(fresh, "Tell me");
  QTest::keyClick(fresh, Qt::Key_Return);
  QCOMPARE(last_plan().size(), std::size_t{4});
  QCOMPARE(last_plan()[3].text, std::string("Tell me"));
  QTRY_COMPARE(steps().size(), 4);
  for (int left = 4; left > 0; --left) {
    panel->findChildren<PlanRow*>().first()->findChild<IconButton*>()->click();
    QCOMPARE(last_plan().size(), static_cast<std::size_t>(left - 1));
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
  }
  QVERIFY(!panel->isVisible());

  // One may write it before there is any.
  child<QAbstractButton>("planButton")->click();
  QVERIFY(panel->isVisible());
  QVERIFY(fresh->hasFocus());
  QTest::keyClick(fresh, Qt::Key_Escape);
  QVERIFY(!panel->isVisible());
  QVERIFY(child<QPlainTextEdit>("composerEdit")->hasFocus());
}

void WindowTest::thinking_is_chosen_where_the_model_can() {
  open_window();
  agent::ModelChanged model = practice_model();
  agent_->load_model(model);
  auto* button = window_->findChild<ThinkingButton*>();
  QTRY_VERIFY(child<QWidget>("sendButton")->isVisible());
  QVERIFY(!button->isVisible());
  model.thinks = true;
  agent_->load_model(model);
  QTRY_VERIFY(button->isVisible());
  // Of a new conversation it goes with the question, of another one at once.
  emit button->thinkingChosen(2048);
  QCOMPARE(button->text(), QString("Thinking: medium"));
  agent_->set_script({agent::TextPart{"Yes."}});
  ask("Is it?");
  const auto asked = std::find_if(agent_->operations().begin(), agent_->operations().end(),
                                  [](const agent::Op& op) { return std::holds_alternative<agent::UserTurn>(op); });
  QCOMPARE(std::get<agent::UserTurn>(*asked).thinking_tokens, std::int64_t{2048});
  QTRY_VERIFY(shown_text().contains("Yes."));
  emit button->thinkingChosen(0);
  const auto chosen = std::find_if(agent_->operations().begin(), agent_->operations().end(),
                                   [](const agent::Op& op) { return std::holds_alternative<agent::SetThinking>(op); });
  QVERIFY(chosen != agent_->operations().end());
  QCOMPARE(std::get<agent::SetThinking>(*chosen).tokens, std::int64_t{0});
  QTRY_COMPARE(button->text(), QString("Thinking off"));
}

void WindowTest::nothing_is_sent_before_the_model_is_there() {
  open_window();
  auto* edit = child<QPlainTextEdit>("composerEdit");
  edit->setPlainText("early");
  QTest::keyClick(edit, Qt::Key_Return);
  QVERIFY(agent_->operations().empty());
  QVERIFY(shown_text().contains("The model is being loaded"));
  agent::ModelChanged failed;
  failed.error = "The file is not a GGUF file.";
  agent_->load_model(failed);
  QTRY_VERIFY(shown_text().contains("The file is not a GGUF file."));
  QVERIFY(!child<QWidget>("sendButton")->isEnabled());
  agent_->load_model(practice_model());
  QTRY_VERIFY(child<QWidget>("sendButton")->isEnabled());
  QCOMPARE(edit->toPlainText(), "early");
}

void WindowTest::practice_model_is_explained_until_dismissed() {
  const QString line = QString::fromStdString(practice_model().description);
  open_window();
  agent_->load_model(practice_model());
  QTRY_VERIFY(shown_text().contains(line));
  for (QAbstractButton* button : window_->findChildren<QAbstractButton*>()) {
    if (button->isVisible() && button->accessibleName() == "Dismiss") button->click();
  }
  QVERIFY(!shown_text().contains(line));
  open_window();
  agent_->load_model(practice_model());
  QTRY_VERIFY(child<QWidget>("modelLabel")->accessibleName().contains("Practice model"));
  QVERIFY(!shown_text().contains(line));
}

void WindowTest::drafts_belong_to_their_conversation() {
  write_history(*agent_);
  open_window();
  auto* edit = child<QPlainTextEdit>("composerEdit");
  auto* list = child<QListView>("conversationList");
  edit->setPlainText("for the new one");
  emit list->clicked(list->model()->index(1, 0));
  QVERIFY(edit->toPlainText().isEmpty());
  edit->setPlainText("for the old one");
  QTest::keyClick(window_.get(), Qt::Key_N, Qt::ControlModifier);
  QCOMPARE(edit->toPlainText(), "for the new one");
  emit list->clicked(list->model()->index(1, 0));
  QCOMPARE(edit->toPlainText(), "for the old one");
}

void WindowTest::says_how_long_reading_takes() {
  agent_->set_reading_time(42'000);
  open_window();
  prepare_scene("chat", *agent_);
  auto* hint = child<QLabel>("composerHint");
  auto* edit = child<QPlainTextEdit>("composerEdit");
  QTest::keyClicks(edit, "Read all of it");
  QTRY_COMPARE(hint->text(), "about 40 s to read");
  // When the agent knows nothing, nothing is said.
  agent_->set_reading_time({});
  QTest::keyClicks(edit, ", please");
  QTRY_COMPARE(hint->text(), "");
}

// After a second, without another event.
void WindowTest::shows_how_far_it_has_read() {
  open_window();
  ask(prepare_scene("reading", *agent_));
  QTRY_VERIFY(shown_text().contains("Reading 1,240 of 3,300 tokens"));
}

void WindowTest::search_finds_and_opens() {
  write_history(*agent_);
  open_window();
  QTest::keyClick(window_.get(), Qt::Key_F, Qt::ControlModifier);
  auto* search = child<QLineEdit>("searchEdit");
  QCOMPARE(QApplication::focusWidget(), search);
  QTest::keyClicks(search, "14 Mar");
  QTest::keyClick(search, Qt::Key_Down);
  auto* results = child<QListView>("searchResults");
  QVERIFY(results->isVisible());
  QVERIFY(results->model()->rowCount() > 0);
  QTest::keyClick(results, Qt::Key_Return);
  QTRY_VERIFY(shown_text().contains("The deadline is 14 March (plan.txt)."));
  search->setFocus();
  QTest::keyClick(search, Qt::Key_Escape);
  QVERIFY(search->text().isEmpty());
  QVERIFY(child<QListView>("conversationList")->isVisible());
}

void WindowTest::search_says_when_nothing_is_found() {
  open_window();
  QTRY_VERIFY(shown_text().contains("No conversations yet"));
  auto* search = child<QLineEdit>("searchEdit");
  search->setText("\"unmatched AND (");
  QTRY_VERIFY(shown_text().contains("Nothing found"));
}

void WindowTest::rename_and_delete() {
  write_history(*agent_);
  open_window();
  auto* list = child<QListView>("conversationList");
  const QString old_title = list->model()->index(1, 0).data().toString();
  emit list->clicked(list->model()->index(1, 0));
  QTest::keyClick(window_.get(), Qt::Key_F2);
  auto* editor = child<QLineEdit>("renameEdit");
  QCOMPARE(editor->text(), old_title);
  editor->setText("A better title");
  QTest::keyClick(editor, Qt::Key_Return);
  QTRY_VERIFY(std::holds_alternative<agent::RenameConversation>(last_operation()));
  QCOMPARE(std::get<agent::RenameConversation>(last_operation()).title, "A better title");
  QTRY_COMPARE(list->model()->index(1, 0).data().toString(), "A better title");

  const int rows = list->model()->rowCount();
  list->setFocus();
  QTRY_VERIFY(list->hasFocus());
  QTest::keyClick(list, Qt::Key_Delete);
  auto* question = window_->findChild<QMessageBox*>("removeDialog");
  QVERIFY(question != nullptr);
  QTest::keyClick(question, Qt::Key_Escape);
  QTRY_VERIFY(window_->findChild<QMessageBox*>("removeDialog") == nullptr);
  QVERIFY(!std::holds_alternative<agent::RemoveConversation>(last_operation()));
  // Without a window manager nobody gives the window its activation back.
  window_->activateWindow();
  list->setFocus();
  QTRY_VERIFY(list->hasFocus());
  QTest::keyClick(list, Qt::Key_Delete);
  question = window_->findChild<QMessageBox*>("removeDialog");
  QVERIFY(question != nullptr);
  for (QAbstractButton* button : question->buttons()) {
    if (question->buttonRole(button) == QMessageBox::DestructiveRole) button->click();
  }
  QVERIFY(std::holds_alternative<agent::RemoveConversation>(last_operation()));
  QTRY_COMPARE(list->model()->rowCount(), rows - 1);
  QTRY_VERIFY(shown_text().contains("New conversation"));
}

void WindowTest::conversations_come_back_after_a_restart() {
  open_window();
  ask(prepare_scene("chat", *agent_));
  QTRY_VERIFY(shown_text().contains("Moving the office"));
  open_window();
  auto* list = child<QListView>("conversationList");
  QCOMPARE(list->model()->rowCount(), 2);
  emit list->clicked(list->model()->index(1, 0));
  QTRY_VERIFY(shown_text().contains("Moving the office"));
  child<QAbstractScrollArea>("transcriptView")->verticalScrollBar()->setValue(0);
  QVERIFY(shown_text().contains("What is planned for the move, and what is left to do?"));
}

void WindowTest::folders_of_a_new_conversation_go_with_the_question() {
  open_window();
  agent_->load_model(practice_model());
  ask("question");
  QCOMPARE(std::get<agent::UserTurn>(last_operation()).folders, std::vector<std::string>{"/home/maria/move"});
}

void WindowTest::suggestions_do_what_they_say() {
  open_window();
  agent_->load_model(practice_model());
  QTRY_VERIFY(!shown_text().contains("The model is being loaded"));
  auto* edit = child<QPlainTextEdit>("composerEdit");
  const auto press = [this](const QString& name) {
    for (QAbstractButton* button : window_->findChildren<QAbstractButton*>()) {
      if (button->accessibleName() == name) button->click();
    }
  };
  press("Find a word in my files");
  QVERIFY(agent_->operations().empty());
  QTest::keyClicks(edit, "deadline");
  QCOMPARE(edit->toPlainText(), "Find the word deadline in my files.");
  press("What files are here?");
  QCOMPARE(std::get<agent::UserTurn>(last_operation()).text, "Which files are in this folder?");
}

void WindowTest::failures_stay_visible() {
  open_window();
  ask(prepare_scene("error", *agent_));
  QTRY_VERIFY(shown_text().contains("The model ran out of memory while it was reading."));
  QVERIFY(shown_text().contains("Failed"));
  window_->post_event(agent::Notice{agent::Severity::Error, "The disk is full; free some space."});
  QTRY_VERIFY(shown_text().contains("The disk is full; free some space."));
}

void WindowTest::every_control_has_a_name_data() {
  QTest::addColumn<QString>("scene");
  for (const QString& scene : scene_names()) {
    if (scene != "long") QTest::newRow(qPrintable(scene)) << scene;
  }
}

// What the keyboard reaches must be named for those who do not see it, and say by a tip what it does.
void WindowTest::every_control_has_a_name() {
  QFETCH(QString, scene);
  write_history(*agent_);
  open_window();
  const QString question = prepare_scene(scene, *agent_);
  if (!question.isEmpty()) ask(question);
  QTest::qWait(100);
  for (QAbstractButton* header : window_->findChildren<QAbstractButton*>()) {
    if (header->isVisible() && header->isCheckable() && !header->isChecked()) header->click();
  }
  for (QWidget* widget : window_->findChildren<QWidget*>()) {
    const bool is_inner = widget->objectName().startsWith("qt_") || qobject_cast<QScrollBar*>(widget) != nullptr;
    if (widget->focusPolicy() == Qt::NoFocus || is_inner) continue;
    QAccessibleInterface* accessible = QAccessible::queryAccessibleInterface(widget);
    QVERIFY(accessible != nullptr);
    const QString what = QString("%1 %2").arg(widget->metaObject()->className(), widget->objectName());
    if (widget->isVisible()) QVERIFY2(!accessible->text(QAccessible::Name).isEmpty(), qPrintable(what));
    const bool needs_tip = qobject_cast<QAbstractButton*>(widget) != nullptr && widget->isVisible();
    if (needs_tip && !qobject_cast<QAbstractButton*>(widget)->isCheckable()) {
      QVERIFY2(!widget->toolTip().isEmpty(), qPrintable(what));
    }
  }
}

void WindowTest::the_tabulator_reaches_every_control() {
  open_window();
  ask(prepare_scene("approval", *agent_));
  QTRY_VERIFY(window_->findChild<ApprovalCard*>() != nullptr);
  QSet<QString> wanted = {"menuButton",   "newConversationButton", "searchEdit",        "conversationList",
                          "modelLabel",   "transcriptView",        "approvalAllowOnce", "approvalAlways",
                          "approvalDeny", "composerEdit",          "attachButton",      "foldersButton",
                          "stopButton"};
  QTRY_VERIFY(child<QWidget>("approvalAllowOnce")->isVisible());
  child<QWidget>("composerEdit")->setFocus();
  for (int step = 0; step < 60 && !wanted.isEmpty(); ++step) {
    wanted.remove(QApplication::focusWidget()->objectName());
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
  }
  QVERIFY2(wanted.isEmpty(), qPrintable(QStringList(wanted.values()).join(", ")));
}

QTEST_MAIN(WindowTest)
#include "window_test.moc"
