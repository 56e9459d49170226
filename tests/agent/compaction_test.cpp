// Long conversations and long turns: what the model is still told, and what becomes of the rest.
#include <QtTest>

#include "agent/grammar/reply_grammar.h"
#include "agent/local_model.h"
#include "agent/prompt/prompt.h"
#include "tests/agent/turn_fixture.h"

using namespace facet;
using namespace facet::agent;

namespace {

std::string words(const std::string& word, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += (i == 0 ? "" : " ") + word + std::to_string(i);
  return text;
}

std::string call(const std::string& text) {
  return "<|tool_call>call:echo{text:<|\"|>" + text + "<|\"|>}<tool_call|>";
}

// Answers with as many words as it is told to.
Tool many_words_tool() {
  Tool tool = echo_tool();
  tool.run = [](const Json& arguments, const PlannedEffect&, const ToolContext&) {
    const std::string text = arguments["text"].get<std::string>();
    return ToolResult{words(text + "-", 120), Json::object(), false};
  };
  return tool;
}

Tool named(Tool tool, const std::string& name) {
  tool.name = name;
  return tool;
}

std::vector<std::string> notices(TurnFixture& f, ConversationId id) {
  std::vector<std::string> texts;
  for (const Message& message : must(f.reader->messages(id)))
    for (const Part& part : message.parts)
      if (const auto* notice = std::get_if<NoticePart>(&part.content)) texts.push_back(notice->text);
  return texts;
}

bool fits(TurnFixture& f, const GenerateRequest& request) {
  const std::int64_t context = f.script->info.context_length;
  return f.model.count_tokens(request.prompt) <= context - std::min(f.options.limits.run_tokens, context / 4);
}

}  // namespace

class CompactionTest : public QObject {
  Q_OBJECT

 private slots:
  void old_results_go_first();
  void what_was_left_out_stays_so_in_the_next_turn();
  void the_beginning_becomes_a_summary();
  void a_summary_that_fails_becomes_a_list_data();
  void a_summary_that_fails_becomes_a_list();
  void a_stop_ends_the_summary();
  void a_turn_of_two_hundred_steps_fits();
  void results_fit_the_context();
  void tokens_and_time_end_a_turn();
  void waiting_for_the_user_takes_no_time();
  void a_local_model_never_runs_full();
  void the_ledger_adds_up();
};

void CompactionTest::old_results_go_first() {
  for (const bool can_read_again : {true, false}) {
    TurnFixture f;
    f.script->info.context_length = 1200;
    f.options.limits.run_tokens = 100;
    f.options.tools = {many_words_tool()};
    if (can_read_again) f.options.tools.push_back(named(echo_tool(), "read_earlier"));
    for (const char* word : {"a", "b", "c", "d", "e", "f", "g", "h"})
      f.script->replies.push_back({call(word) + "<|tool_response>"});
    f.script->replies.push_back({"Done.<turn|>"});
    const ConversationId id = f.turn(f.ask("Go"));
    QCOMPARE(f.finished().finish, Finish::Done);
    for (const GenerateRequest& request : f.script->requests)
      QVERIFY(fits(f, request));
    const std::string last = f.prompt(8);
    // Every call is there, the last result whole, the first one not.
    for (const char* word : {"a", "b", "c", "d", "e", "f", "g", "h"})
      QVERIFY(last.find(call(word)) != std::string::npos);
    QVERIFY(last.find(words("h-", 120)) != std::string::npos);
    QVERIFY(last.find("a-5") == std::string::npos);
    QVERIFY(last.find("was left out to make room") != std::string::npos);
    QCOMPARE(last.find("read_earlier with \"call\": 1 shows it again") != std::string::npos, can_read_again);
    // Nothing is lost.
    QCOMPARE(must(f.reader->output(id, 1)), std::optional<std::string>(words("a-", 120)));
    QCOMPARE(must(f.reader->output(id + 1, 1)), std::optional<std::string>());
    QVERIFY(notices(f, id).empty());
  }
}

void CompactionTest::what_was_left_out_stays_so_in_the_next_turn() {
  TurnFixture f;
  f.script->info.context_length = 1200;
  f.options.limits.run_tokens = 100;
  f.options.tools = {many_words_tool()};
  for (const char* word : {"a", "b", "c", "d", "e", "f", "g"})
    f.script->replies.push_back({call(word) + "<|tool_response>"});
  f.script->replies.push_back({"Done.<turn|>"});
  f.script->replies.push_back({"Yes.<turn|>"});
  const ConversationId id = f.turn(f.ask("Go"));
  f.turn(f.ask("Sure?", id));
  // Both prompts tell the same of the turn before.
  const std::string turn = f.prompt(7).substr(0, f.prompt(7).find("response:echo{value:<|\"|>g-0"));
  QVERIFY(turn.find("left out") != std::string::npos);
  QVERIFY2(f.prompt(8).starts_with(turn), f.prompt(8).c_str());
}

void CompactionTest::the_beginning_becomes_a_summary() {
  TurnFixture f;
  f.script->info.context_length = 1000;
  f.options.limits.run_tokens = 100;
  f.options.system_prompt = "Be brief.";
  f.script->replies = {{words("one", 250) + "<turn|>"},
                       {words("two", 250) + "<turn|>"},
                       {words("three", 250) + "<turn|>"},
                       {"They counted in <turn> signs.<turn|>"},
                       {"Four.<turn|>"},
                       {"Five.<turn|>"}};
  ConversationId id = 0;
  for (const char* question : {"First?", "Second?", "Third?", "Fourth?", "Fifth?"})
    id = f.turn(f.ask(question, id));
  QCOMPARE(f.script->requests.size(), std::size_t{6});
  // The request goes on from the conversation as it was told before, so that nothing has to be read again.
  QVERIFY(f.prompt(3).starts_with(f.prompt(2)));
  QVERIFY(f.prompt(3).find("Write a summary of this conversation so far") != std::string::npos);
  QVERIFY(f.prompt(3).find("Fourth?") == std::string::npos);
  QVERIFY(f.script->requests[3].grammar != nullptr && f.script->requests[3].grammar->call == nullptr);
  QVERIFY(f.model.count_tokens(f.script->requests[3].prompt) + f.script->requests[3].max_tokens <= 1000);
  for (const std::size_t after : {std::size_t{4}, std::size_t{5}}) {
    const std::string beginning =
        "<bos><|turn>system\nBe brief.\n\nWhat was said before in this conversation, in short:\n"
        "They counted in <turn> signs.<turn|>\n<|turn>user\nFourth?";
    QVERIFY2(f.prompt(after).starts_with(beginning), f.prompt(after).c_str());
  }
  // What a summary spells is data.
  for (const PromptPiece& piece : f.script->requests[4].prompt)
    if (piece.text.find("signs") != std::string::npos) QCOMPARE(piece.kind, PromptPiece::Kind::Data);
  QCOMPARE(must(f.reader->messages(id)).size(), std::size_t{10});
  QCOMPARE(notices(f, id).size(), std::size_t{1});
  QVERIFY(std::any_of(f.events.begin(), f.events.end(),
                      [](const Event& event) { return std::holds_alternative<CompactionProgress>(event); }));
}

void CompactionTest::a_summary_that_fails_becomes_a_list_data() {
  QTest::addColumn<QString>("reply");
  QTest::addColumn<int>("reason");
  QTest::addColumn<bool>("summarises");
  const auto reason = [](GenerateOutcome::Reason value) { return static_cast<int>(value); };
  QTest::newRow("nothing said") << " <turn|>" << reason(GenerateOutcome::Reason::EndOfTurn) << true;
  QTest::newRow("failed") << "They" << reason(GenerateOutcome::Reason::Failed) << true;
  QTest::newRow("no room") << "" << reason(GenerateOutcome::Reason::ContextFull) << true;
  QTest::newRow("can not") << "" << reason(GenerateOutcome::Reason::EndOfTurn) << false;
}

void CompactionTest::a_summary_that_fails_becomes_a_list() {
  QFETCH(const QString, reply);
  QFETCH(const int, reason);
  QFETCH(const bool, summarises);
  TurnFixture f;
  f.script->info.context_length = 1000;
  f.script->info.summarises = summarises;
  f.options.limits.run_tokens = 100;
  f.script->replies = {{words("one", 350) + "<turn|>"}, {words("two", 400) + "<turn|>"}};
  if (summarises) f.script->replies.push_back({reply.toStdString(), static_cast<GenerateOutcome::Reason>(reason)});
  f.script->replies.push_back({"Three.<turn|>"});
  ConversationId id = 0;
  for (const char* question : {"How many?", "And what\nelse?", "Third?"})
    id = f.turn(f.ask(question, id));
  QCOMPARE(f.finished().finish, Finish::Done);
  const std::string last = prompt_text(f.script->requests.back().prompt);
  QVERIFY2(last.find("The user asked:\n- How many?\n- And what else?") != std::string::npos, last.c_str());
  QVERIFY(last.find("one5") == std::string::npos);
}

void CompactionTest::a_stop_ends_the_summary() {
  TurnFixture f;
  f.script->info.context_length = 1000;
  f.options.limits.run_tokens = 100;
  f.script->replies = {{words("one", 300) + "<turn|>"}, {words("two", 300) + "<turn|>"}, {"A long summary<turn|>"}};
  ConversationId id = 0;
  for (const char* question : {"First?", "Second?"})
    id = f.turn(f.ask(question, id));
  std::stop_source stop;
  f.script->before_piece = [&](std::size_t piece) {
    if (piece == 1) stop.request_stop();
  };
  f.turn(f.ask("Third?", id), stop.get_token());
  QCOMPARE(f.finished().finish, Finish::Stopped);
  QCOMPARE(f.script->requests.size(), std::size_t{3});
  // Nothing half written is kept.
  QCOMPARE(must(f.reader->compaction(id)).summarised_to, MessageId{0});
}

void CompactionTest::a_turn_of_two_hundred_steps_fits() {
  TurnFixture f;
  f.script->info.context_length = 1500;
  f.options.limits.run_tokens = 200;
  f.options.limits.steps = 300;
  f.options.limits.turn_tokens = 1'000'000;
  f.options.tools = {many_words_tool()};
  for (int step = 0; step < 200; ++step)
    f.script->replies.push_back({words("thinking", 20) + call("n" + std::to_string(step)) + "<|tool_response>"});
  f.script->replies.push_back({"Done.<turn|>"});
  f.turn(f.ask("Go on for long"));
  QCOMPARE(f.finished().finish, Finish::Done);
  QCOMPARE(f.script->requests.size(), std::size_t{201});
  int repeated = 0;
  for (std::size_t step = 0; step < f.script->requests.size(); ++step) {
    QVERIFY(fits(f, f.script->requests[step]));
    QVERIFY(f.prompt(step).find("Go on for long") != std::string::npos);
    if (step == 0) continue;
    // The model always hears what came of its last call.
    QVERIFY(f.prompt(step).find(words("n" + std::to_string(step - 1) + "-", 120)) != std::string::npos);
    if (f.prompt(step).starts_with(f.prompt(step - 1))) ++repeated;
  }
  QVERIFY(f.prompt(200).find("calls with their results are left out here") != std::string::npos);
  QVERIFY(f.prompt(200).find("earlier calls\n") != std::string::npos);
  // A step takes a tenth of the room and a quarter is made at once, so many prompts go on from the one before.
  QVERIFY2(repeated >= 70, std::to_string(repeated).c_str());
}

void CompactionTest::results_fit_the_context() {
  TurnFixture f;
  f.script->info.context_length = 4000;
  Tool tool = echo_tool();
  std::vector<std::size_t> limits;
  tool.run = [&](const Json&, const PlannedEffect&, const ToolContext& context) {
    limits.push_back(context.result_limit_bytes);
    return ToolResult{std::string(100'000, 'x'), Json::object(), false};
  };
  f.options.tools = {tool, named(echo_tool(), "read_earlier")};
  f.script->replies = {{call("a") + "<|tool_response>"}, {call("b") + call("c") + "<|tool_response>"}, {"Ok.<turn|>"}};
  const ConversationId id = f.turn(f.ask("Go"));
  QCOMPARE(limits.size(), std::size_t{3});
  QVERIFY(limits[0] > 3000 && limits[0] < 5000);
  QCOMPARE(limits[1], limits[0] / 2);
  const Call first = std::get<CallPart>(must(f.reader->messages(id))[1].parts[0].content).call;
  QVERIFY(first.result.size() <= limits[0] + 100);
  QVERIFY2(first.result.ends_with("[read_earlier with \"call\": 1 shows all of it, part by part]"),
           first.result.substr(first.result.size() - 120).c_str());
  QCOMPARE(must(f.reader->output(id, 1)), std::optional<std::string>(std::string(100'000, 'x')));
}

void CompactionTest::tokens_and_time_end_a_turn() {
  {
    TurnFixture f;
    f.options.limits.turn_tokens = 20;
    f.options.tools = {many_words_tool()};
    for (int step = 0; step < 30; ++step)
      f.script->replies.push_back({call(std::to_string(step)) + "<|tool_response>"});
    const ConversationId id = f.turn(f.ask("Go"));
    QCOMPARE(f.finished().finish, Finish::Length);
    QCOMPARE(notices(f, id).back(),
             std::string("Stopped after 20 tokens without a final answer; send a message to go on."));
    QVERIFY(f.script->requests.size() < 10);
  }
  for (const bool while_it_speaks : {true, false}) {
    TurnFixture f;
    f.options.limits.milliseconds = 120'000;
    Tool tool = echo_tool();
    tool.run = [&](const Json&, const PlannedEffect&, const ToolContext&) {
      f.now_ms += while_it_speaks ? 0 : 200'000;
      return ToolResult{"late", Json::object(), false};
    };
    f.options.tools = {tool};
    f.script->replies = {{"a b " + call("hey") + "<|tool_response>"}, {"c d e f g<turn|>"}};
    f.script->before_piece = [&](std::size_t) { f.now_ms += while_it_speaks ? 20'000 : 0; };
    const ConversationId id = f.turn(f.ask("Go"));
    QCOMPARE(f.finished().finish, Finish::Length);
    QCOMPARE(notices(f, id).back(),
             std::string("Stopped after 2 minutes without a final answer; send a message to go on."));
  }
}

void CompactionTest::waiting_for_the_user_takes_no_time() {
  TurnFixture f;
  f.options.limits.milliseconds = 10'000;
  Tool tool = echo_tool();
  tool.plan = [](const Json&, const ToolContext&) {
    PlannedEffect planned;
    planned.effect = Effect::Write;
    planned.paths = {"/a"};
    return Result<PlannedEffect>(planned);
  };
  f.options.tools = {tool};
  f.hooks.ask = [&](const Approval&, std::stop_token) {
    f.now_ms += 3'600'000;
    return std::optional(Decision::AllowOnce);
  };
  f.script->replies = {{call("hey") + "<|tool_response>"}, {"Done.<turn|>"}};
  f.turn(f.ask("Go"));
  QCOMPARE(f.finished().finish, Finish::Done);
}

// Random weights say nonsense for as long as they may; with a tokenizer that counts otherwise than by words.
void CompactionTest::a_local_model_never_runs_full() {
  TurnFixture f;
  LocalModelOptions options;
  options.path = FACET_TEST_DATA "/models/e-f32.gguf";
  options.threads = 1;
  options.context_length = 1024;
  const auto model = must(open_local_model(options));
  f.options.limits.run_tokens = 60;
  f.options.grammar = must(reply_grammar(/*declarations=*/nullptr, std::nullopt));
  ConversationId id = 0;
  for (int turn = 0; turn < 12; ++turn) {
    Turn begun = must(begin_turn(*f.store, *f.reader, f.ask(words("q" + std::to_string(turn), 40), id)));
    id = begun.conversation.id;
    run_turn(std::move(begun), *f.store, *f.reader, model.get(), f.options, f.hooks, {});
    QVERIFY2(f.finished().finish == Finish::Done || f.finished().finish == Finish::Length, f.finished().error.c_str());
    const std::vector<Step> steps = must(f.reader->steps(f.finished().message));
    QCOMPARE(steps.size(), std::size_t{1});
    QVERIFY(steps[0].prompt_tokens + 60 <= 1024);
    QVERIFY(steps[0].finish_reason != "context_full");
  }
  QVERIFY(must(f.reader->compaction(id)).summarised_to > 0);
}

void CompactionTest::the_ledger_adds_up() {
  TurnFixture f;
  f.options.system_prompt = "Five words are in here.";
  f.options.tools = {echo_tool()};
  f.options.limits.run_tokens = 300;
  f.script->replies = {{"Ok.<turn|>"}};
  f.turn(f.ask("Go"));
  const auto found = std::find_if(f.events.begin(), f.events.end(),
                                  [](const Event& event) { return std::holds_alternative<ContextChanged>(event); });
  QVERIFY(found != f.events.end());
  const auto& changed = std::get<ContextChanged>(*found);
  QCOMPARE(changed.context_length, std::int64_t{4096});
  QCOMPARE(changed.reserved_tokens, std::int64_t{300});
  QVERIFY(changed.system_tokens >= 5 && changed.system_tokens <= 10);
  // What is left of the prompt without them is the question and the beginning of the answer.
  const std::int64_t prompt = f.model.count_tokens(f.script->requests[0].prompt);
  const std::int64_t rest = prompt - changed.system_tokens - changed.tool_tokens;
  QVERIFY2(rest >= 1 && rest <= 6, std::to_string(rest).c_str());
}

QTEST_GUILESS_MAIN(CompactionTest)
#include "compaction_test.moc"
