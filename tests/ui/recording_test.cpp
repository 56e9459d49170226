// Recordings in the window: the list, the page, what can be done there, and what is written to files.
#include <QDropEvent>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QTemporaryDir>
#include <QtTest>

#include "tests/agent/must.h"
#include "tests/ui/support/scenes.h"
#include "ui/main_window.h"
#include "ui/models/conversation_list_model.h"
#include "ui/models/recording_model.h"
#include "ui/pages/recording_page.h"
#include "ui/sidebar/conversation_sidebar.h"

using namespace facet;
using namespace facet::ui;

class RecordingTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, settings_.path()); }
  void init();
  void cleanup();
  void recordings_stand_in_the_list();
  void sound_that_is_dropped_is_imported();
  void a_recording_opens_and_grows();
  void stop_and_resume_are_asked_for();
  void a_failure_says_why();
  void a_conversation_takes_its_place();
  void what_was_said_is_found();
  void removing_asks_first();
  void a_transcript_is_written_to_a_file();

 private:
  template <typename Widget>
  Widget* find(const char* name) const {
    auto* widget = window_->findChild<Widget*>(name);
    if (widget == nullptr) qFatal("there is no %s", name);
    return widget;
  }
  // The row of the recording in the list.
  QModelIndex row() const {
    const QAbstractItemModel* list = find<QListView>("conversationList")->model();
    for (int i = 0; i < list->rowCount(); ++i)
      if (list->index(i, 0).data(ConversationListModel::KindRole) == ConversationListModel::Recording)
        return list->index(i, 0);
    return {};
  }
  void open_recording() { emit find<QListView>("conversationList")->activated(row()); }
  template <typename Op>
  const Op* last_operation() const {
    return agent_->operations().empty() ? nullptr : std::get_if<Op>(&agent_->operations().back());
  }

  QTemporaryDir settings_;
  std::unique_ptr<QTemporaryDir> folder_;
  std::unique_ptr<test::ScriptedAgent> agent_;
  std::unique_ptr<MainWindow> window_;
};

void RecordingTest::init() {
  folder_ = std::make_unique<QTemporaryDir>();
  const std::filesystem::path database = folder_->filePath("facet.sqlite").toStdString();
  agent_ = std::make_unique<test::ScriptedAgent>(database, [this](const agent::Event& event) {
    if (window_) window_->post_event(event);
  });
  test::write_history(*agent_);
  WindowContext context;
  context.submit = [this](const agent::Op& op) { agent_->submit(op); };
  context.database = database;
  window_ = std::make_unique<MainWindow>(std::move(context));
  window_->resize(1000, 700);
  window_->show();
  test::write_recording(*agent_);
  QTRY_VERIFY(row().isValid());
}

void RecordingTest::cleanup() {
  window_.reset();
  agent_.reset();
}

void RecordingTest::recordings_stand_in_the_list() {
  QCOMPARE(row().data().toString(), QString("Board meeting, 12 March"));
  QCOMPARE(row().data(Qt::AccessibleTextRole).toString(), QString("Recording: Board meeting, 12 March"));
  QCOMPARE(row().data(ConversationListModel::ActivityRole).toInt(), int(ConversationListModel::Running));
}

void RecordingTest::sound_that_is_dropped_is_imported() {
  QTemporaryDir folder;
  const auto file = [&](const char* name) {
    QFile made(folder.filePath(name));
    if (!made.open(QIODevice::WriteOnly)) qFatal("file");
    return QUrl::fromLocalFile(made.fileName());
  };
  const auto drop = [&](QWidget* target, const QList<QUrl>& urls) {
    QMimeData data;
    data.setUrls(urls);
    QDragEnterEvent enter({50, 50}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    enter.ignore();
    QApplication::sendEvent(target, &enter);
    if (!enter.isAccepted()) return false;
    QDropEvent dropped(QPointF(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(target, &dropped);
    return true;
  };
  auto* sidebar = window_->findChild<ConversationSidebar*>();
  QVERIFY(drop(sidebar, {file("talk.MP3"), file("notes.txt"), file("film.mkv")}));
  QVERIFY(!drop(sidebar, {file("notes.txt"), QUrl("https://example.com/talk.mp3")}));
  open_recording();
  QVERIFY(drop(window_->findChild<RecordingPage*>(), {file("more.wav")}));
  QStringList imported;
  for (const agent::Op& op : agent_->operations())
    if (const auto* import = std::get_if<agent::ImportRecording>(&op))
      imported << QFileInfo(QString::fromStdString(import->path)).fileName();
  QCOMPARE(imported, QStringList({"talk.MP3", "film.mkv", "more.wav"}));
}

void RecordingTest::a_recording_opens_and_grows() {
  open_recording();
  const auto* list = find<QListView>("segmentList");
  QVERIFY(list->isVisible());
  QCOMPARE(list->model()->rowCount(), 6);
  // What was told before is known from the rows.
  QVERIFY(find<QLabel>("recordingState")->text().contains("0:01:50 of 1:02:22"));
  QCOMPARE(list->model()->index(0, 0).data(RecordingModel::TimeRole).toString(), QString("0:00:04"));
  QVERIFY(list->model()->index(4, 0).data(RecordingModel::UnsureRole).toBool());
  QCOMPARE(list->model()->index(4, 0).data(Qt::AccessibleTextRole).toString(),
           QString("0:01:23 Then we should ask for [unsure]"));
  QCOMPARE(window_->focusWidget(), list);
  agent_->tell(agent::TranscriptProgress{1, 1'415'000, 3'742'000, 412'000});
  QTRY_VERIFY(find<QLabel>("recordingState")->text().contains("0:23:35 of 1:02:22"));
  QVERIFY(find<QLabel>("recordingState")->text().contains("7 min left"));
  agent::Segment segment;
  segment.id = 1000;
  segment.text = "No objections.";
  agent_->tell(agent::SegmentAdded{1, segment});
  QTRY_COMPARE(list->model()->rowCount(), 7);
  // What the window has read already is no second row.
  agent_->tell(agent::SegmentAdded{1, segment});
  QTest::qWait(50);
  QCOMPARE(list->model()->rowCount(), 7);
}

void RecordingTest::stop_and_resume_are_asked_for() {
  open_recording();
  auto* stop = find<QPushButton>("stopTranscriptionButton");
  auto* resume = find<QPushButton>("resumeTranscriptionButton");
  QVERIFY(stop->isVisible() && !resume->isVisible());
  stop->click();
  const auto* stopped = last_operation<agent::StopTranscription>();
  QVERIFY(stopped != nullptr && stopped->transcript == 1);
  QTRY_VERIFY(!stop->isVisible() && resume->isVisible());
  QVERIFY(find<QLabel>("recordingState")->text().startsWith("Stopped at 0:01:50; it goes on there"));
  resume->click();
  const auto* resumed = last_operation<agent::ResumeTranscription>();
  QVERIFY(resumed != nullptr && resumed->transcript == 1);
}

void RecordingTest::a_failure_says_why() {
  open_recording();
  must(agent_->store().transcripts().set_state(1, agent::TranscriptState::Failed, "There is no sound in it."));
  agent_->tell_of(1);
  auto* again = find<QPushButton>("resumeTranscriptionButton");
  QTRY_VERIFY(again->isVisible());
  QCOMPARE(again->text(), QString("Try again"));
  const auto is_shown = [this] {
    for (const QLabel* label : window_->findChild<RecordingPage*>()->findChildren<QLabel*>())
      if (label->isVisible() && label->text() == "There is no sound in it.") return true;
    return false;
  };
  QVERIFY(is_shown());
  again->click();
  QVERIFY(!is_shown());
}

void RecordingTest::a_conversation_takes_its_place() {
  open_recording();
  QVERIFY(find<QListView>("segmentList")->isVisible());
  auto* list = find<QListView>("conversationList");
  for (int i = 0; i < list->model()->rowCount(); ++i) {
    const QModelIndex index = list->model()->index(i, 0);
    if (index.data(ConversationListModel::KindRole) != ConversationListModel::Entry) continue;
    emit list->activated(index);
    break;
  }
  QVERIFY(!find<QListView>("segmentList")->isVisible());
  QVERIFY(find<QWidget>("composerEdit")->isVisible());
}

void RecordingTest::what_was_said_is_found() {
  find<QLineEdit>("searchEdit")->setText("landlord knows");
  auto* results = find<QListView>("searchResults");
  QTRY_COMPARE(results->model()->rowCount(), 1);
  QCOMPARE(results->model()->index(0, 0).data().toString(), QString("Board meeting, 12 March, 0:00:29"));
  emit results->activated(results->model()->index(0, 0));
  QVERIFY(find<QListView>("segmentList")->isVisible());
  QCOMPARE(find<QListView>("segmentList")->currentIndex().row(), 1);
}

void RecordingTest::removing_asks_first() {
  open_recording();
  for (QAction* action : window_->actions())
    if (action->text() == "Delete…") action->trigger();
  auto* dialog = find<QWidget>("removeDialog");
  for (QPushButton* button : dialog->findChildren<QPushButton*>())
    if (button->text() == "Delete") button->click();
  const auto* removed = last_operation<agent::RemoveTranscript>();
  QVERIFY(removed != nullptr && removed->transcript == 1);
  QTRY_VERIFY(!row().isValid());
  QVERIFY(!find<QListView>("segmentList")->isVisible());
}

void RecordingTest::a_transcript_is_written_to_a_file() {
  open_recording();
  auto* page = window_->findChild<RecordingPage*>();
  const QString path = folder_->filePath("out.srt");
  page->save(path, agent::TranscriptFormat::Srt);
  QFile file(path);
  QVERIFY(file.open(QIODevice::ReadOnly));
  QVERIFY(file.readAll().startsWith("1\n00:00:04,000 --> "));
  QVERIFY(!QFile::exists("/nowhere/out.srt"));
  page->save("/nowhere/out.srt", agent::TranscriptFormat::Srt);
  bool is_said = false;
  for (const QLabel* label : page->findChildren<QLabel*>())
    is_said = is_said || (label->isVisible() && label->text().contains("/nowhere/out.srt"));
  QVERIFY(is_said);
}

QTEST_MAIN(RecordingTest)
#include "recording_test.moc"
