// The plan that the model follows and the user may change.
#include "agent/plan.h"

#include <QtTest>

#include "agent/own_state.h"
#include "tests/agent/turn_fixture.h"

using namespace facet;
using namespace facet::agent;

namespace {

// Writes one step down, as it stands in its argument.
Tool plan_tool() {
  Tool tool = echo_tool();
  tool.name = kUpdatePlan;
  tool.run = {};
  tool.run_in_agent = [](const Json& arguments, OwnState& own) {
    const Status done = own.set_plan({{arguments["text"].get<std::string>(), PlanStatus::Pending}});
    return done.ok() ? ToolResult{"shown", Json::object(), false} : ToolResult::failure(done.error().message);
  };
  return tool;
}

std::string call(const std::string& name, const std::string& text) {
  return "<|tool_call>call:" + name + "{text:<|\"|>" + text + "<|\"|>}<tool_call|><|tool_response>";
}

const std::vector<PlanStep> kOfTheUser = {{"Read", PlanStatus::Completed}, {"Count", PlanStatus::InProgress}};
const std::string kOfTheUserText = "1. [completed] Read\n2. [in_progress] Count";

std::vector<PlanStep> plan_of(TurnFixture& f, ConversationId id) {
  return must(f.reader->conversation(id))->plan;
}

}  // namespace

class PlanTest : public QObject {
  Q_OBJECT

 private slots:
  void the_model_writes_it_down();
  void a_change_while_it_runs_is_told_with_the_next_result();
  void what_the_user_wrote_is_not_written_over();
  void a_change_before_it_runs_stands_in_the_question();
  void steps_are_made_tidy();
};

void PlanTest::the_model_writes_it_down() {
  TurnFixture f;
  f.options.tools = {plan_tool()};
  f.script->replies = {{call(kUpdatePlan, "Read the notes")}, {"Done.<turn|>"}};
  const ConversationId id = f.turn(f.ask("Go"));
  QCOMPARE(f.finished().finish, Finish::Done);
  QVERIFY(plan_of(f, id) == std::vector<PlanStep>({{"Read the notes", PlanStatus::Pending}}));
  const auto told = std::find_if(f.events.begin(), f.events.end(),
                                 [](const Event& event) { return std::holds_alternative<PlanChanged>(event); });
  QVERIFY(told != f.events.end());
  QVERIFY(std::get<PlanChanged>(*told).plan == plan_of(f, id));
  QVERIFY(!must(f.reader->plan_is_news(id)));
}

void PlanTest::a_change_while_it_runs_is_told_with_the_next_result() {
  TurnFixture f;
  Tool echo = echo_tool();
  int runs = 0;
  echo.run = [&](const Json&, const PlannedEffect&, const ToolContext&) {
    // Not with the result of the call during which it was made, which the model has asked for without knowing.
    if (++runs == 1) must(f.store->set_plan(1, kOfTheUser, Store::PlanAuthor::User));
    return ToolResult{"result " + std::to_string(runs), Json::object(), false};
  };
  f.options.tools = {plan_tool(), echo};
  f.script->replies = {{call("echo", "a")}, {call("echo", "b")}, {call("echo", "c")}, {"Done.<turn|>"}};
  const ConversationId id = f.turn(f.ask("Go"));
  std::vector<std::string> results;
  const std::vector<Part> parts = must(f.reader->messages(id)).back().parts;
  for (const Part& part : parts)
    if (const auto* made = std::get_if<CallPart>(&part.content)) results.push_back(made->call.result);
  QCOMPARE(results[0], std::string("result 1"));
  QCOMPARE(QString::fromStdString(results[1]),
           QString::fromStdString("result 2\n\nnote: the user has changed the plan. It is now:\n" + kOfTheUserText));
  QCOMPARE(results[2], std::string("result 3"));
  QVERIFY(plan_of(f, id) == kOfTheUser);
}

void PlanTest::what_the_user_wrote_is_not_written_over() {
  TurnFixture f;
  f.options.tools = {plan_tool()};
  f.script->replies = {
      {call(kUpdatePlan, "First")}, {call(kUpdatePlan, "Second")}, {call(kUpdatePlan, "Third")}, {"Done.<turn|>"}};
  f.script->before_piece = [&](std::size_t piece) {
    if (piece == 0 && f.script->next_reply == 2) must(f.store->set_plan(1, kOfTheUser, Store::PlanAuthor::User));
    if (piece == 0 && f.script->next_reply == 3) QVERIFY(plan_of(f, 1) == kOfTheUser);
  };
  const ConversationId id = f.turn(f.ask("Go"));
  const std::vector<Part> parts = must(f.reader->messages(id)).back().parts;
  const Call& refused = std::get<CallPart>(parts[1].content).call;
  QCOMPARE(refused.state, CallState::Failed);
  QCOMPARE(refused.result, "error: the user has changed the plan. It is now:\n" + kOfTheUserText);
  // Once it knows, it may.
  QVERIFY(plan_of(f, id) == std::vector<PlanStep>({{"Third", PlanStatus::Pending}}));
}

void PlanTest::a_change_before_it_runs_stands_in_the_question() {
  TurnFixture f;
  f.script->replies = {{"Ok.<turn|>"}, {"Ok.<turn|>"}, {"Ok.<turn|>"}};
  const ConversationId id = f.turn(f.ask("Hello"));
  must(f.store->set_plan(id, kOfTheUser, Store::PlanAuthor::User));
  f.turn(f.ask("Go", id));
  QVERIFY2(f.prompt(1).ends_with("<|turn>user\nGo\n\nI have changed the plan. It is now:\n" + kOfTheUserText +
                                 "<turn|>\n<|turn>model\n"),
           f.prompt(1).c_str());
  must(f.store->set_plan(id, {}, Store::PlanAuthor::User));
  f.turn(f.ask("And now", id));
  QVERIFY(f.prompt(2).ends_with("And now\n\nI have removed the plan.<turn|>\n<|turn>model\n"));
}

void PlanTest::steps_are_made_tidy() {
  std::vector<PlanStep> wild = {{"  a\n\tb ", PlanStatus::Pending}, {" \n", PlanStatus::Completed}, {"\xff", {}}};
  wild.resize(100, {std::string(2000, 'x'), PlanStatus::Pending});
  const std::vector<PlanStep> tidy = tidy_plan(wild);
  QCOMPARE(tidy.size(), kMostPlanSteps);
  QCOMPARE(tidy[0].text, std::string("a b"));
  QCOMPARE(tidy[1].text, std::string("\uFFFD"));
  QVERIFY(tidy[2].text.size() <= kMostPlanStepBytes + 3);
}

QTEST_GUILESS_MAIN(PlanTest)
#include "plan_test.moc"
