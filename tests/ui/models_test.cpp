#include <QAbstractItemModelTester>
#include <QTemporaryDir>
#include <QtTest>

#include "agent/store/reader.h"
#include "tests/ui/support/describe.h"
#include "tests/ui/support/scenes.h"
#include "ui/models/conversation_list_model.h"
#include "ui/models/search_model.h"
#include "ui/models/transcript_model.h"
#include "ui/models/window_model.h"

using namespace facet;
using namespace facet::ui;
using namespace facet::ui::test;

namespace {

agent::Conversation conversation(agent::ConversationId id, const QDateTime& updated, const std::string& title = "t") {
  agent::Conversation made;
  made.id = id;
  made.title = title;
  made.updated_ms = updated.toMSecsSinceEpoch();
  return made;
}

QString rows_of(const ConversationListModel& model) {
  QStringList rows;
  for (int row = 0; row < model.rowCount(); ++row) {
    const QModelIndex index = model.index(row);
    const auto id = index.data(ConversationListModel::IdRole).toLongLong();
    rows << (id == 0 ? index.data().toString() : QString::number(id));
  }
  return rows.join(", ");
}

QString activities_of(const ConversationListModel& model) {
  QStringList activities;
  for (int row = 0; row < model.rowCount(); ++row) {
    const QVariant activity = model.index(row).data(ConversationListModel::ActivityRole);
    if (activity.isValid()) activities << QString::number(activity.toInt());
  }
  return activities.join(",");
}

}  // namespace

class ModelsTest : public QObject {
  Q_OBJECT

 private slots:
  void init();
  void events_and_rows_lead_to_the_same_data();
  void events_and_rows_lead_to_the_same();
  void events_of_other_conversations_change_nothing();
  void turn_state_follows_the_events();
  void conversations_are_grouped_by_day();
  void conversation_changes_are_small();
  void conversation_activity();
  void search_hides_titles_that_say_the_same();
  void new_conversation_is_followed();
  void switching_while_an_answer_grows_loses_nothing();
  void interrupted_answers_are_stopped_ones();
  void refused_message_is_reported();
  void answers_elsewhere_leave_what_is_written_here();
  void context_comes_back_from_the_store();

 private:
  std::unique_ptr<QTemporaryDir> scratch_;
  std::filesystem::path database_;
};

void ModelsTest::init() {
  scratch_ = std::make_unique<QTemporaryDir>();
  database_ = scratch_->filePath("facet.sqlite").toStdString();
}

void ModelsTest::events_and_rows_lead_to_the_same_data() {
  QTest::addColumn<QString>("scene");
  QTest::addColumn<int>("decision");
  for (const char* scene : {"chat", "tools", "error"})
    QTest::newRow(scene) << scene << 0;
  QTest::newRow("allowed") << "approval" << static_cast<int>(agent::Decision::AllowOnce);
  QTest::newRow("denied") << "approval" << static_cast<int>(agent::Decision::Deny);
}

void ModelsTest::events_and_rows_lead_to_the_same() {
  QFETCH(QString, scene);
  QFETCH(int, decision);
  TranscriptModel model(1);
  const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
  ScriptedAgent agent(database_, [&model](const agent::Event& event) { model.fold(event); });
  const QString question = prepare_scene(scene, agent);
  agent.submit(agent::UserTurn{0, question.toStdString(), {database_.string()}, {}});
  if (decision != 0) {
    const auto& calls = model.messages().back().parts;
    const auto& asked = std::get<agent::CallPart>(calls.back().content).call.approval;
    QVERIFY(asked.has_value());
    agent.submit(agent::AnswerApproval{asked->id, static_cast<agent::Decision>(decision)});
  }

  auto reader = agent::StoreReader::open(database_);
  QVERIFY(reader.ok());
  auto rows = (*reader)->messages(1);
  QVERIFY(rows.ok());
  QCOMPARE(rows->size(), std::size_t{2});
  QCOMPARE(describe(model.messages()), describe(*rows));
}

void ModelsTest::events_of_other_conversations_change_nothing() {
  TranscriptModel model(7);
  ScriptedAgent agent(database_, [&model](const agent::Event& event) { model.fold(event); });
  agent.set_script({agent::TextPart{"words"}});
  agent.submit(agent::UserTurn{0, "question", {}, {}});
  QCOMPARE(model.rowCount(), 0);
  QVERIFY(!model.turn().running);
}

void ModelsTest::turn_state_follows_the_events() {
  TranscriptModel model(1);
  agent::Message user;
  user.id = 10;
  user.conversation = 1;
  model.fold(agent::TurnStarted{1, user, 11});
  QVERIFY(model.turn().running);
  QVERIFY(!model.turn().part_is_open);
  model.fold(agent::PromptProgress{1, 40, 100});
  QCOMPARE(model.turn().prompt_total, 100);
  model.fold(agent::PartStarted{1, 11, agent::Part{20, 0, agent::TextPart{}}});
  QCOMPARE(model.turn().prompt_total, 0);
  QVERIFY(model.turn().part_is_open);
  model.fold(agent::PartDelta{1, 11, 20, "one "});
  model.fold(agent::PartDelta{1, 11, 20, "two"});
  QCOMPARE(model.data(model.index(1), Qt::DisplayRole).toString(), "one two");
  model.fold(agent::PartFinished{1, 11, agent::Part{20, 0, agent::TextPart{"one two."}}});
  QCOMPARE(model.data(model.index(1), Qt::DisplayRole).toString(), "one two.");
  model.fold(agent::ContextChanged{1, 50, 200});
  QCOMPARE(model.context().used_tokens, 50);
  agent::Call call;
  call.state = agent::CallState::AwaitingApproval;
  call.approval = agent::Approval{};
  model.fold(agent::PartStarted{1, 11, agent::Part{21, 1, agent::CallPart{}}});
  model.fold(agent::CallChanged{1, 11, 21, call});
  QVERIFY(model.turn().awaiting_approval);
  model.fold(agent::TurnFinished{1, 11, agent::Finish::Failed, "It broke."});
  QVERIFY(!model.turn().running);
  QVERIFY(!model.turn().awaiting_approval);
  QCOMPARE(model.turn().error, "It broke.");
  QCOMPARE(model.data(model.index(1), TranscriptModel::FinishRole).toInt(), static_cast<int>(agent::Finish::Failed));
}

void ModelsTest::conversations_are_grouped_by_day() {
  ConversationListModel model;
  const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
  const QDate today(2026, 3, 14);
  model.set_today([today] { return today; });
  model.reset({conversation(1, today.addDays(-40).startOfDay()), conversation(2, today.startOfDay()),
               conversation(3, today.startOfDay().addSecs(60)), conversation(4, today.addDays(-1).endOfDay()),
               conversation(5, today.addDays(-3).startOfDay())});
  QCOMPARE(rows_of(model), "Today, 3, 2, Yesterday, 4, Previous 7 days, 5, Earlier, 1");
  for (int row = 0; row < model.rowCount(); ++row) {
    const bool heading =
        model.index(row).data(ConversationListModel::KindRole).toInt() == ConversationListModel::Heading;
    QCOMPARE(model.flags(model.index(row)).testFlag(Qt::ItemIsSelectable), !heading);
  }
}

// A view keeps its selection because rows move instead of being made anew.
void ModelsTest::conversation_changes_are_small() {
  ConversationListModel model;
  const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
  const QDate today(2026, 3, 14);
  model.set_today([today] { return today; });
  model.reset({conversation(1, today.addDays(-1).startOfDay()), conversation(2, today.startOfDay())});
  QCOMPARE(rows_of(model), "Today, 2, Yesterday, 1");
  const QPersistentModelIndex kept = model.index(model.row_of(1));
  QSignalSpy resets(&model, &QAbstractItemModel::modelReset);

  agent::Message user;
  user.created_ms = today.startOfDay().addSecs(100).toMSecsSinceEpoch();
  model.fold(agent::TurnStarted{1, user, 2});
  QCOMPARE(rows_of(model), "Today, 1, 2");
  QCOMPARE(kept.data(ConversationListModel::IdRole).toLongLong(), 1);

  model.fold(agent::ConversationChanged{conversation(9, today.startOfDay().addSecs(200), "new")});
  QCOMPARE(rows_of(model), "Today, 9, 1, 2");
  model.fold(agent::ConversationChanged{conversation(2, today.startOfDay(), "renamed")});
  QCOMPARE(model.index(model.row_of(2)).data().toString(), "renamed");
  model.fold(agent::ConversationRemoved{1});
  QCOMPARE(rows_of(model), "Today, 9, 2");
  QCOMPARE(resets.count(), 0);
}

void ModelsTest::conversation_activity() {
  ConversationListModel model;
  model.reset(
      {conversation(1, QDateTime::currentDateTime()), conversation(2, QDateTime::currentDateTime().addSecs(-1))});
  model.set_current(1);
  QCOMPARE(activities_of(model), "0,0");
  model.fold(agent::TurnStarted{2, {}, 5});
  QCOMPARE(activities_of(model), "0,1");
  agent::Call call;
  call.state = agent::CallState::AwaitingApproval;
  model.fold(agent::CallChanged{2, 5, 6, call});
  QCOMPARE(activities_of(model), "0,2");
  call.state = agent::CallState::Running;
  model.fold(agent::CallChanged{2, 5, 6, call});
  QCOMPARE(activities_of(model), "0,1");
  model.fold(agent::TurnFinished{2, 5, agent::Finish::Done, {}});
  QCOMPARE(activities_of(model), "0,3");
  model.set_current(2);
  QCOMPARE(activities_of(model), "0,0");
}

void ModelsTest::search_hides_titles_that_say_the_same() {
  SearchModel model;
  const agent::Conversation first = conversation(1, QDateTime::currentDateTime(), "first");
  const agent::Conversation second = conversation(2, QDateTime::currentDateTime(), "second");
  model.reset({{first, 0, 0, "title"}, {first, 5, 6, "inside"}, {second, 0, 0, "title only"}});
  QCOMPARE(model.rowCount(), 2);
  QCOMPARE(model.index(0).data(SearchModel::SnippetRole).toString(), "inside");
  QCOMPARE(model.index(1).data(SearchModel::SnippetRole).toString(), "title only");
}

void ModelsTest::new_conversation_is_followed() {
  std::unique_ptr<WindowModel> model;
  ScriptedAgent agent(database_, [&model](const agent::Event& event) {
    if (model) model->fold(event);
  });
  model = std::make_unique<WindowModel>(
      WindowContext{[&agent](const agent::Op& op) { agent.submit(op); }, database_, {"/tmp"}});
  QSignalSpy accepted(model.get(), &WindowModel::sendAccepted);
  agent.set_script({agent::TextPart{"answer"}});
  model->send("question", {});
  QCOMPARE(accepted.count(), 1);
  QVERIFY(!model->is_sending());
  QVERIFY(model->current() != 0);
  QCOMPARE(model->transcript().rowCount(), 2);
  QCOMPARE(model->transcript().data(model->transcript().index(1), Qt::DisplayRole).toString(), "answer");
  QCOMPARE(model->title(), "question");
  QCOMPARE(model->folders(), QStringList("/tmp"));
  model->open(0);
  QCOMPARE(model->transcript().rowCount(), 0);
}

void ModelsTest::switching_while_an_answer_grows_loses_nothing() {
  std::unique_ptr<WindowModel> model;
  ScriptedAgent agent(database_, [&model](const agent::Event& event) {
    if (model) model->fold(event);
  });
  write_history(agent);
  model =
      std::make_unique<WindowModel>(WindowContext{[&agent](const agent::Op& op) { agent.submit(op); }, database_, {}});
  agent.leave_open();
  agent.set_script({agent::TextPart{"a part that is never stored while it grows"}});
  model->send("question", {});
  const agent::ConversationId growing = model->current();
  model->open(1);
  QVERIFY(model->transcript().rowCount() == 2);
  model->open(growing);
  QCOMPARE(model->transcript().data(model->transcript().index(1), Qt::DisplayRole).toString(),
           "a part that is never stored while it grows");
  QVERIFY(model->transcript().turn().running);
}

void ModelsTest::interrupted_answers_are_stopped_ones() {
  {
    ScriptedAgent agent(database_, [](const agent::Event&) {});
    agent.leave_open();
    agent.set_script({agent::TextPart{"half"}});
    agent.submit(agent::UserTurn{0, "question", {}, {}});
  }
  WindowModel model(WindowContext{[](const agent::Op&) {}, database_, {}});
  QVERIFY(!model.conversations().is_empty());
  model.open(1);
  QCOMPARE(model.transcript().data(model.transcript().index(1), TranscriptModel::FinishRole).toInt(),
           static_cast<int>(agent::Finish::Stopped));
}

void ModelsTest::refused_message_is_reported() {
  WindowModel model(WindowContext{[](const agent::Op&) {}, {}, {}});
  QSignalSpy refused(&model, &WindowModel::sendRefused);
  QSignalSpy notices(&model, &WindowModel::noticePosted);
  model.send("question", {});
  QVERIFY(model.is_sending());
  model.fold(agent::TurnFinished{0, 0, agent::Finish::Failed, "The disk is full."});
  QVERIFY(!model.is_sending());
  QCOMPARE(refused.count(), 1);
  QCOMPARE(notices.first().at(1).toString(), "The disk is full.");
}

void ModelsTest::answers_elsewhere_leave_what_is_written_here() {
  WindowModel model(WindowContext{[](const agent::Op&) {}, {}, {}});
  model.fold(agent::ConversationChanged{conversation(1, QDateTime::currentDateTime())});
  model.fold(agent::ConversationChanged{conversation(2, QDateTime::currentDateTime())});
  QSignalSpy accepted(&model, &WindowModel::sendAccepted);
  model.open(1);
  model.send("to one", {});
  model.open(2);
  QVERIFY(!model.is_sending());
  model.send("to two", {});
  agent::Message user;
  user.id = 10;
  user.conversation = 1;
  user.parts.push_back(agent::Part{1, 0, agent::TextPart{"to one"}});
  model.fold(agent::TurnStarted{1, user, 11});
  QCOMPARE(accepted.count(), 1);
  QCOMPARE(accepted.first().first().toLongLong(), 1);
  QCOMPARE(model.current(), 2);
  QVERIFY(model.is_sending());
  model.open(1);
  QVERIFY(!model.is_sending());
  QCOMPARE(model.transcript().rowCount(), 2);
}

void ModelsTest::context_comes_back_from_the_store() {
  {
    ScriptedAgent agent(database_, [](const agent::Event&) {});
    agent.set_script({agent::TextPart{"answer"}});
    agent.submit(agent::UserTurn{0, "question", {}, {}});
    agent::Step step;
    step.message = std::get<agent::TurnFinished>(agent.events().back()).message;
    step.prompt_tokens = 300;
    step.completion_tokens = 12;
    QVERIFY(agent.store().add_step(step).ok());
  }
  WindowModel model(WindowContext{[](const agent::Op&) {}, database_, {}});
  model.open(1);
  QCOMPARE(model.transcript().context().used_tokens, 312);
}

QTEST_MAIN(ModelsTest)
#include "models_test.moc"
