// The agent thread: what waits for what, and that everything which was begun is ended.
#include "agent/agent.h"

#include <QTemporaryDir>
#include <QtTest>
#include <latch>

#include "agent/prompt/prompt.h"
#include "agent/store/reader.h"
#include "agent/store/store.h"
#include "engine/base/channel.h"
#include "tests/agent/event_text.h"
#include "tests/agent/must.h"
#include "tests/agent/scripted_model.h"

using namespace facet;
using namespace facet::agent;

namespace {

namespace fs = std::filesystem;

// A tool outside the folders, so that it asks; then it runs until it is stopped.
Tool endless_tool() {
  Tool tool;
  tool.name = "endless";
  tool.parameters = {{"type", "object"}, {"properties", Json::object()}};
  tool.plan = [](const Json&, const ToolContext&) {
    return Result<PlannedEffect>(PlannedEffect{Effect::Read, "Read /etc/hosts", {"/etc/hosts"}, false});
  };
  tool.run = [](const Json&, const PlannedEffect&, const ToolContext& context) {
    while (!context.stop.stop_requested())
      std::this_thread::yield();
    return ToolResult::failure("stopped");
  };
  return tool;
}
const std::string kEndlessCall = "<|tool_call>call:endless{}<tool_call|><|tool_response>";

class Fixture {
 public:
  Fixture() {
    options.database = path;
    options.tools = {endless_tool()};
    options.load_model = [this](const std::string& model) -> Result<std::unique_ptr<TextModel>> {
      if (model == "missing") return Error{Error::Code::NotFound, "There is no model missing."};
      if (model == "throwing") throw std::runtime_error("out of cheese");
      return std::unique_ptr<TextModel>(std::make_unique<ScriptedModel>(script));
    };
    options.on_event = [this](const Event& event) {
      if (react) react(event);
      events_.send(event);
    };
  }

  // Begins with a model that is ready, unless there shall be none.
  void start(bool with_model = true) {
    agent = must(Agent::start(options));
    reader = must(StoreReader::open(path));
    if (!with_model) return;
    agent->submit(LoadModel{"script"});
    wait_for("model Scripted model ready");
  }

  // Receives events up to the one with this text.
  void wait_for(const std::string& text) {
    while (texts.empty() || texts.back() != text)
      wait_for_next();
  }
  void wait_for_next() {
    log.push_back(*events_.receive());
    texts.push_back(event_text(log.back()));
  }
  ReadingEstimated next_estimate() {
    do
      wait_for_next();
    while (!std::holds_alternative<ReadingEstimated>(log.back()));
    return std::get<ReadingEstimated>(log.back());
  }
  // Ends the agent and receives what it still had to say.
  void end() {
    agent.reset();
    while (const auto event = events_.try_receive()) {
      log.push_back(*event);
      texts.push_back(event_text(*event));
    }
  }
  std::ptrdiff_t place(const std::string& text) const {
    return std::find(texts.begin(), texts.end(), text) - texts.begin();
  }
  bool has(const std::string& text) const { return place(text) < std::ssize(texts); }

  static UserTurn ask(const std::string& text, ConversationId conversation = 0) {
    return {.conversation = conversation, .text = text, .attachments = {}, .folders = {}};
  }

  QTemporaryDir folder;
  fs::path path = fs::path(folder.path().toStdString()) / "facet.sqlite";
  AgentOptions options;
  std::shared_ptr<Script> script = std::make_shared<Script>();
  std::function<void(const Event&)> react;  // on the agent thread
  std::vector<Event> log;
  std::vector<std::string> texts;

 private:
  Channel<Event> events_{10'000};

 public:
  std::unique_ptr<StoreReader> reader;
  std::unique_ptr<Agent> agent;
};

// Reacts once, to the first event with this text.
std::function<void(const Event&)> once(const std::string& text, std::function<void()> action) {
  return [text, action, done = false](const Event& event) mutable {
    if (done || event_text(event) != text) return;
    done = true;
    action();
  };
}

}  // namespace

class AgentTest : public QObject {
  Q_OBJECT

 private slots:
  void a_model_is_told_of_tools_that_it_has_learned();
  void a_small_context_has_room_for_few_tools();
  void conversations_are_renamed_moved_and_removed();
  void operations_on_what_is_gone_say_so();
  void estimates_are_given_when_there_is_a_model();
  void what_stands_before_a_question_is_read_ahead();
  void before_anybody_asks_little_is_read();
  void a_question_ends_reading_ahead();
  void a_longer_draft_goes_on_reading_ahead();
  void ending_while_it_reads_ahead();
  void a_question_waits_for_the_model();
  void without_a_model_a_question_fails();
  void a_model_that_cannot_be_loaded_says_why();
  void a_new_model_waits_for_the_running_turn();
  void other_operations_do_not_wait_for_a_turn();
  void questions_of_other_conversations_are_shown_at_once();
  void questions_of_one_conversation_wait_for_each_other();
  void a_waiting_question_can_be_stopped();
  void stopping_none_stops_all();
  void removing_a_running_conversation_stops_it();
  void answers_to_nobody_are_ignored();
  void ending_while_it_streams();
  void ending_while_a_tool_runs();
  void ending_while_it_asks();
  void ending_while_a_model_loads();
  void an_interrupted_message_is_closed_at_start();
  void a_second_agent_is_refused();
};

void AgentTest::a_model_is_told_of_tools_that_it_has_learned() {
  for (const bool has_learned : {false, true}) {
    Fixture f;
    Tool shout = endless_tool();
    shout.name = "shout";
    shout.plan = [](const Json&, const ToolContext&) { return Result<PlannedEffect>(PlannedEffect{}); };
    shout.run = [](const Json&, const PlannedEffect&, const ToolContext&) {
      return ToolResult{"HEY", Json::object(), false};
    };
    f.options.tools.push_back(shout);
    if (has_learned) f.script->info.learned_tools = {"endless", "unknown"};
    f.script->replies = {{"<|tool_call>call:shout{}<tool_call|><|tool_response>"}, {"Done.<turn|>"}};
    f.start();
    f.agent->submit(Fixture::ask("Shout"));
    f.wait_for("turn finished in 1: done");
    const std::string prompt = prompt_text(f.script->requests.at(0).prompt);
    QVERIFY(prompt.find("declaration:endless{") != std::string::npos);
    QCOMPARE(prompt.find("declaration:shout{") != std::string::npos, !has_learned);
    const Message answer = must(f.reader->messages(1)).back();
    const Call& call = std::get<CallPart>(answer.parts.front().content).call;
    QCOMPARE(call.result, std::string(has_learned ? "error: there is no tool shout; the tools are endless" : "HEY"));
    f.end();
  }
}

// Words are tokens here, and the description of each tool has a hundred.
void AgentTest::a_small_context_has_room_for_few_tools() {
  for (const std::int64_t context : {1000, 3000}) {
    Fixture f;
    f.options.tools.clear();
    for (const char* name : {"read_file", "clock", "recall", "own_tool"}) {
      Tool tool = endless_tool();
      tool.name = name;
      for (int word = 0; word < 100; ++word)
        tool.description += "word ";
      f.options.tools.push_back(tool);
    }
    f.script->info.context_length = context;
    f.script->replies = {{"Yes.<turn|>"}};
    f.start();
    f.agent->submit(Fixture::ask("Hi"));
    f.wait_for("turn finished in 1: done");
    const std::string prompt = prompt_text(f.script->requests.at(0).prompt);
    const auto is_declared = [&](const std::string& name) {
      return prompt.find("declaration:" + name + "{") != std::string::npos;
    };
    const bool is_small = context == 1000;
    QVERIFY(is_declared("read_file") && is_declared("own_tool"));
    // What is needed least goes first, and only as much as has to.
    QCOMPARE(is_declared("recall"), !is_small);
    QVERIFY(is_declared("clock"));
    QCOMPARE(f.has("notice: information \"The context of Scripted model is small, so it can not use these tools: "
                   "recall.\""),
             is_small);
    f.end();
  }
}

void AgentTest::conversations_are_renamed_moved_and_removed() {
  Fixture f;
  f.script->replies = {{"Hello.<turn|>"}};
  f.start();
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("turn finished in 1: done");
  f.agent->submit(SetFolders{1, {"/a", "/b"}});
  f.agent->submit(RenameConversation{1, "Renamed"});
  f.wait_for("conversation 1: \"Renamed\", Scripted model");
  QCOMPARE(std::get<ConversationChanged>(f.log.back()).conversation.folders, std::vector<std::string>({"/a", "/b"}));
  f.agent->submit(RemoveConversation{1});
  f.wait_for("conversation 1 removed");
  QVERIFY(must(f.reader->conversations()).empty());
}

void AgentTest::estimates_are_given_when_there_is_a_model() {
  Fixture f;
  f.script->read_ms_per_token = 500;
  f.start(/*with_model=*/false);
  f.agent->submit(EstimateReading{Fixture::ask("nobody there")});
  f.agent->submit(LoadModel{"script"});
  f.wait_for("model Scripted model ready");
  f.agent->submit(EstimateReading{Fixture::ask("one two three")});
  const ReadingEstimated estimate = f.next_estimate();
  QVERIFY(estimate.tokens >= 3);
  QCOMPARE(estimate.milliseconds, std::optional(500 * estimate.tokens));
  f.end();
  QVERIFY(must(f.reader->conversations()).empty());
}

void AgentTest::what_stands_before_a_question_is_read_ahead() {
  Fixture f;
  f.options.system_prompt = "You are five words long.";
  f.start();
  f.agent->submit(EstimateReading{Fixture::ask("one two three")});
  const ReadingEstimated before = f.next_estimate();
  const ReadingEstimated behind = f.next_estimate();
  QCOMPARE(f.script->ahead.size(), std::size_t{1});
  QCOMPARE(f.script->ahead[0].conversation, ConversationId{0});
  QVERIFY(f.script->ahead[0].amount == ReadAhead::Everything);
  const std::string read = prompt_text(f.script->ahead[0].beginning);
  QVERIFY(read.find("five words long") != std::string::npos);
  QVERIFY(read.find("one two three") == std::string::npos);
  QVERIFY(behind.tokens >= 3 && behind.tokens <= before.tokens - 5);
  f.end();
  QVERIFY(f.script->requests.empty());
}

void AgentTest::before_anybody_asks_little_is_read() {
  Fixture f;
  f.start();
  f.agent->submit(EstimateReading{Fixture::ask("")});
  f.next_estimate();
  f.next_estimate();
  QCOMPARE(f.script->ahead.size(), std::size_t{1});
  QVERIFY(f.script->ahead[0].amount == ReadAhead::Little);
}

void AgentTest::a_question_ends_reading_ahead() {
  Fixture f;
  std::latch reading(1);
  f.script->replies = {{"Hello.<turn|>"}};
  f.script->chunks = SIZE_MAX;  // would go on for years
  f.script->before_chunk = [&](std::size_t chunk) {
    if (chunk == 0) reading.count_down();
  };
  f.start();
  f.agent->submit(EstimateReading{Fixture::ask("Hi")});
  reading.wait();
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("turn finished in 1: done");
  QVERIFY(!f.script->ahead.at(0).is_done);
  QCOMPARE(order_problem(f.log), std::string());
}

void AgentTest::a_longer_draft_goes_on_reading_ahead() {
  Fixture f;
  std::latch reading(1);
  f.script->chunks = SIZE_MAX;
  f.script->before_chunk = [&](std::size_t chunk) {
    if (chunk == 0 && f.script->ahead.size() == 2) f.script->chunks = 3;
    if (chunk == 0 && f.script->ahead.size() == 1) reading.count_down();
  };
  f.start();
  f.agent->submit(EstimateReading{Fixture::ask("one")});
  reading.wait();
  f.agent->submit(EstimateReading{Fixture::ask("one two")});
  for (int estimate = 0; estimate < 3; ++estimate)
    f.next_estimate();
  QCOMPARE(f.script->ahead.size(), std::size_t{2});
  QCOMPARE(f.script->ahead[0].beginning, f.script->ahead[1].beginning);
  QVERIFY(!f.script->ahead[0].is_done);
  QVERIFY(f.script->ahead[1].is_done);
}

void AgentTest::ending_while_it_reads_ahead() {
  Fixture f;
  std::latch reading(1);
  f.script->chunks = SIZE_MAX;
  f.script->before_chunk = [&](std::size_t chunk) {
    if (chunk == 0) reading.count_down();
  };
  f.start();
  f.agent->submit(EstimateReading{Fixture::ask("Hi")});
  reading.wait();
  f.end();
  QVERIFY(!f.script->ahead.at(0).is_done);
}

void AgentTest::operations_on_what_is_gone_say_so() {
  Fixture f;
  f.start();
  const std::string gone = "The conversation does not exist any more.";
  f.agent->submit(RenameConversation{9, "x"});
  f.wait_for("notice: error \"" + gone + "\"");
  f.agent->submit(Fixture::ask("Hi", 9));
  f.wait_for("turn finished in 9: failed, \"" + gone + "\"");
  f.agent->submit(Fixture::ask(""));
  f.wait_for("turn finished in 0: failed, \"There is nothing to send.\"");
  QCOMPARE(order_problem(f.log), std::string());
}

void AgentTest::a_question_waits_for_the_model() {
  Fixture f;
  std::latch shown(1);
  f.script->replies = {{"Hello.<turn|>"}};
  f.react = once("turn started in 1: message 1, text \"Hi\"; answer 2", [&] { shown.count_down(); });
  f.options.load_model = [&](const std::string&) -> Result<std::unique_ptr<TextModel>> {
    shown.wait();
    return std::unique_ptr<TextModel>(std::make_unique<ScriptedModel>(f.script));
  };
  f.start(/*with_model=*/false);
  f.agent->submit(LoadModel{"script"});
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("turn finished in 1: done");
  QCOMPARE(f.place("model loading script"), 0);
  QVERIFY(f.place("turn started in 1: message 1, text \"Hi\"; answer 2") < f.place("model Scripted model ready"));
}

void AgentTest::without_a_model_a_question_fails() {
  Fixture f;
  f.start(/*with_model=*/false);
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("turn finished in 1: failed, \"No model is loaded; choose one first.\"");
  QCOMPARE(order_problem(f.log), std::string());
}

void AgentTest::a_model_that_cannot_be_loaded_says_why() {
  Fixture f;
  f.script->replies = {{"Hello.<turn|>"}};
  f.start(/*with_model=*/false);
  f.agent->submit(LoadModel{"missing"});
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("turn finished in 1: failed, \"There is no model missing.\"");
  QVERIFY(f.has("model failed: There is no model missing."));
  f.agent->submit(LoadModel{"throwing"});
  f.wait_for("model failed: The model throwing could not be loaded: out of cheese.");
  f.agent->submit(LoadModel{"script"});
  f.agent->submit(Fixture::ask("Hi", 1));
  f.wait_for("turn finished in 1: done");
}

void AgentTest::a_new_model_waits_for_the_running_turn() {
  Fixture f;
  f.script->replies = {{"One two three.<turn|>"}, {"Four.<turn|>"}};
  f.react = once("part 2 += \"One\"", [&] {
    f.agent->submit(LoadModel{"other"});
    f.agent->submit(Fixture::ask("And?", 1));
  });
  f.start();
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("part 4 finished: text \"Four.\"");
  QVERIFY(f.place("turn finished in 1: done") < f.place("model loading other"));
}

void AgentTest::other_operations_do_not_wait_for_a_turn() {
  Fixture f;
  f.script->replies = {{"One two three.<turn|>"}};
  f.react = once("part 2 += \"One\"", [&] { f.agent->submit(RenameConversation{1, "Renamed"}); });
  f.start();
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("turn finished in 1: done");
  QVERIFY(f.place("conversation 1: \"Renamed\", Scripted model") < f.place("part 2 += \" two\""));
}

void AgentTest::questions_of_other_conversations_are_shown_at_once() {
  Fixture f;
  f.script->replies = {{"One two three.<turn|>"}, {"Four.<turn|>"}};
  f.react = once("part 2 += \"One\"", [&] { f.agent->submit(Fixture::ask("Other")); });
  f.start();
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("turn finished in 2: done");
  QVERIFY(f.place("turn started in 2: message 3, text \"Other\"; answer 4") < f.place("part 2 += \" two\""));
  QVERIFY(f.place("turn finished in 1: done") < f.place("part 4 += \"Four.\""));
  QCOMPARE(order_problem(f.log), std::string());
}

void AgentTest::questions_of_one_conversation_wait_for_each_other() {
  Fixture f;
  f.script->replies = {{"One two three.<turn|>"}, {"Four.<turn|>"}, {"Five.<turn|>"}};
  f.react = once("part 2 += \"One\"", [&] {
    f.agent->submit(Fixture::ask("Second", 1));
    f.agent->submit(Fixture::ask("Third", 1));
  });
  f.start();
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("part 6 finished: text \"Five.\"");
  f.wait_for("turn finished in 1: done");
  QVERIFY(f.place("turn finished in 1: done") < f.place("turn started in 1: message 3, text \"Second\"; answer 4"));
  QCOMPARE(order_problem(f.log), std::string());
  QCOMPARE(must(f.reader->messages(1)).size(), std::size_t{6});
}

void AgentTest::a_waiting_question_can_be_stopped() {
  Fixture f;
  f.script->replies = {{"One two three.<turn|>"}};
  f.react = once("part 2 += \"One\"", [&] { f.agent->submit(Fixture::ask("Other")); });
  // It is shown as sent, then stopped, all while the first one goes on.
  f.options.on_event = [&, inner = f.options.on_event](const Event& event) {
    inner(event);
    if (const auto* started = std::get_if<TurnStarted>(&event); started != nullptr && started->conversation == 2)
      f.agent->submit(StopTurn{2});
  };
  f.start();
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("turn finished in 1: done");
  QVERIFY(f.place("turn finished in 2: stopped") < f.place("part 2 += \" three.\""));
  QCOMPARE(order_problem(f.log), std::string());
  QVERIFY(must(f.reader->messages(2)).back().finish == Finish::Stopped);
}

void AgentTest::stopping_none_stops_all() {
  Fixture f;
  f.script->replies = {{"One two three.<turn|>"}};
  f.react = once("part 2 += \"One\"", [&] {
    f.agent->submit(Fixture::ask("Other"));
    f.agent->submit(Fixture::ask("Second", 1));
    f.agent->submit(StopTurn{0});
  });
  f.start();
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("turn finished in 2: stopped");
  f.end();
  QCOMPARE(std::count(f.texts.begin(), f.texts.end(), "turn finished in 1: stopped"), 2);
  QCOMPARE(order_problem(f.log), std::string());
}

void AgentTest::removing_a_running_conversation_stops_it() {
  Fixture f;
  f.script->replies = {{"One two three.<turn|>"}};
  f.react = once("part 2 += \"One\"", [&] {
    f.agent->submit(Fixture::ask("Second", 1));
    f.agent->submit(RemoveConversation{1});
  });
  f.start();
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("conversation 1 removed");
  QCOMPARE(std::count(f.texts.begin(), f.texts.end(), "turn finished in 1: stopped"), 2);
  QVERIFY(must(f.reader->conversations()).empty());
  QCOMPARE(order_problem(f.log), std::string());
}

void AgentTest::answers_to_nobody_are_ignored() {
  Fixture f;
  f.script->replies = {{kEndlessCall}, {"Well.<turn|>"}};
  f.react = [&](const Event& event) {
    const auto* changed = std::get_if<CallChanged>(&event);
    if (changed == nullptr || changed->call.state != CallState::AwaitingApproval) return;
    f.agent->submit(AnswerApproval{changed->call.approval->id + 1, Decision::AllowOnce});
    f.agent->submit(AnswerApproval{changed->call.approval->id, Decision::Pending});
    f.agent->submit(AnswerApproval{changed->call.approval->id, Decision::Deny});
    f.agent->submit(AnswerApproval{changed->call.approval->id, Decision::AllowOnce});
  };
  f.start();
  f.agent->submit(AnswerApproval{1, Decision::AllowOnce});  // before it was asked
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("turn finished in 1: done");
  QVERIFY(f.has("call 1 denied: \"error: the user did not allow this\" (deny)"));
}

void AgentTest::ending_while_it_streams() {
  Fixture f;
  std::latch streaming(1);
  f.script->replies = {{"One two three.<turn|>"}};
  f.react = once("part 2 += \"One\"", [&] { streaming.count_down(); });
  // Gives the end time to come in between; it may as well come later.
  f.script->before_piece = [&](std::size_t piece) {
    if (piece == 1) QTest::qSleep(20);
  };
  f.start();
  f.agent->submit(Fixture::ask("Hi"));
  f.agent->submit(Fixture::ask("Second", 1));
  streaming.wait();
  f.end();
  QCOMPARE(order_problem(f.log), std::string());
  for (const Message& message : must(f.reader->messages(1)))
    QVERIFY(message.finish != Finish::Streaming);
  QCOMPARE(must(f.reader->messages(1)).size(), std::size_t{4});  // also the question that was only waiting
}

void AgentTest::ending_while_a_tool_runs() {
  Fixture f;
  f.options.allowed_effects = {Effect::Read};
  f.script->replies = {{kEndlessCall}};
  f.start();
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("call 1 running");
  f.end();
  QVERIFY(f.has("call 1 stopped: \"error: stopped\""));
  QCOMPARE(f.texts.back(), std::string("turn finished in 1: stopped"));
}

void AgentTest::ending_while_it_asks() {
  Fixture f;
  f.script->replies = {{kEndlessCall}};
  f.start();
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for(
      "call 1 awaiting_approval: This is outside the folders of the conversation. [Read /etc/hosts] [always: /etc]");
  f.end();
  QVERIFY(f.has("call 1 stopped: \"error: stopped by the user\" (pending)"));
  QCOMPARE(f.texts.back(), std::string("turn finished in 1: stopped"));
}

void AgentTest::ending_while_a_model_loads() {
  Fixture f;
  std::latch go(1);
  f.options.load_model = [&](const std::string&) -> Result<std::unique_ptr<TextModel>> {
    go.wait();
    return std::unique_ptr<TextModel>(std::make_unique<ScriptedModel>(f.script));
  };
  f.start(/*with_model=*/false);
  f.agent->submit(LoadModel{"script"});
  f.agent->submit(Fixture::ask("Hi"));
  f.wait_for("turn started in 1: message 1, text \"Hi\"; answer 2");
  go.count_down();
  f.end();
  QCOMPARE(order_problem(f.log), std::string());
}

void AgentTest::an_interrupted_message_is_closed_at_start() {
  Fixture f;
  {
    const auto store = must(Store::open(f.path));
    const Conversation conversation = must(store->create_conversation("t", "m", {}));
    must(store->begin_assistant_message(conversation.id));
  }
  f.start();
  QVERIFY(must(f.reader->messages(1))[0].finish == Finish::Stopped);
}

void AgentTest::a_second_agent_is_refused() {
  Fixture f;
  f.start();
  const auto second = Agent::start(f.options);
  QVERIFY(!second.ok());
  QVERIFY(second.error().message.starts_with("Facet is already running"));
}

QTEST_APPLESS_MAIN(AgentTest)
#include "agent_test.moc"
